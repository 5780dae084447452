"""Run CP-SAT as a stream of batches; shared by the adapters that build its models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bnnbench.solver.contract import Batch, Budget
from bnnbench.solver.stream import StreamClosed, stream_of


def give_hint(model: Any, variables: list[Any], values: Any) -> None:
    """Hint at a value of each variable."""
    for variable, value in zip(variables, values.tolist(), strict=True):
        model.add_hint(variable, value)


def solve(
    model: Any,
    literals: list[Any],
    energy_bound: Callable[[float], float | None],
    options: Mapping[str, int],
    seed: int,
    budget: Budget,
    to_bits: Callable[[Any], Any],
) -> Iterator[Batch]:
    """Stream the solutions of a CP-SAT model as batches; `to_bits` turns values of `literals` into rows of bits.

    `options` are parameters of CP-SAT. Each improving solution is a batch, and so is the best one at the end.
    """
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    for name, value in options.items():
        setattr(solver.parameters, name, value)
    solver.parameters.random_seed = seed % (2**31 - 1)
    solver.parameters.catch_sigint_signal = False  # it would leave the process without Python's handler
    if budget.seconds is not None:
        solver.parameters.max_time_in_seconds = budget.seconds

    def call(emit: Callable[[Batch], None]) -> None:
        num_counted = 0

        class Report(cp_model.CpSolverSolutionCallback):
            def on_solution_callback(self) -> None:
                nonlocal num_counted
                values = np.array([self.boolean_value(bit) for bit in literals], dtype=np.int8)
                bound, branches = energy_bound(self.best_objective_bound), self.num_branches - num_counted
                num_counted = self.num_branches
                try:
                    emit(Batch(to_bits(values), lower_bound=bound, evaluations=branches))
                except StreamClosed:
                    self.stop_search()

        status = solver.solve(model, Report())
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = np.array([solver.boolean_value(bit) for bit in literals], dtype=np.int8)
        else:
            values = np.zeros(len(literals), dtype=np.int8)  # no time for a solution: any assignment is one
        bound = energy_bound(solver.best_objective_bound)
        facts: dict[str, int | str] = {"cpsat_status": solver.status_name(status), "branches": solver.num_branches}
        branches = max(0, solver.num_branches - num_counted)
        emit(Batch(to_bits(values), lower_bound=bound, facts=facts, evaluations=branches))

    return stream_of(call)
