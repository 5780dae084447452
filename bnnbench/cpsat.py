"""Run CP-SAT as a stream of batches; shared by the adapters that build its models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.blueprint import is_fixed
from bnnbench.callback_stream import StreamClosed, stream_of
from bnnbench.formulation import Formulation
from bnnbench.instance import Instance
from bnnbench.network import Network
from bnnbench.solver import Batch, Budget

MAX_ORDERED = 30
"""Weights of a neuron that its place in the order depends on: their powers of two stay small."""


def order_neurons(model: Any, network: Network, formulation: Formulation, weights: list[Any]) -> None:
    """Sort the hidden neurons of each layer by their incoming weights, read as a binary number.

    Permuting hidden neurons changes nothing, so each orbit has a sorted member: sort the first layer, then the second,
    which leaves the first as it is, and so on. A neuron whose incoming weights `formulation` fixes keeps its place; the
    fixed weights above are all +1 and stay so. The order of the first `MAX_ORDERED` weights follows from that of all.
    """
    for layer in range(1, network.num_layers):
        fan_in = network.fan_in(layer)
        first = int(is_fixed(network, formulation, layer, 0, 0))
        numbers = []
        for neuron in range(first, network.widths[layer]):
            start = network.offset(layer) + neuron * fan_in
            row = weights[start : start + min(fan_in, MAX_ORDERED)]
            numbers.append(
                sum(
                    bit << place if isinstance(bit, int) else (1 << place) * bit
                    for place, bit in enumerate(reversed(row))
                )
            )
        for lower, upper in itertools.pairwise(numbers):
            model.add(lower <= upper)


def representative(instance: Instance, formulation: Formulation, weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """The setting that computes the same as `weights`, (k, num_weights), and is canonical and sorted."""
    network = instance.problem.network
    result = replace(instance, formulation=formulation).canonical(weights)
    for layer in range(1, network.num_layers):
        first = int(is_fixed(network, formulation, layer, 0, 0))
        for setting in result:
            rows, above = network.layer_weights(setting, layer), network.layer_weights(setting, layer + 1)
            order = first + np.lexsort(rows[first:, : min(rows.shape[1], MAX_ORDERED)].T[::-1])
            rows[first:] = rows[order]
            above[:, first : network.widths[layer]] = above[:, order]
    return result


def give_hint(model: Any, variables: list[Any], values: Any) -> None:
    """Replace the model's hint by a value of each variable."""
    model.clear_hints()
    for variable, value in zip(variables, values.tolist(), strict=True):
        model.add_hint(variable, value)


def solve(
    model: Any,
    literals: list[Any],
    energy_bound: Callable[[float], float | None],
    num_workers: int,
    seed: int,
    budget: Budget,
    to_bits: Callable[[Any], Any],
) -> Iterator[Batch]:
    """Stream the solutions of a CP-SAT model as batches; `to_bits` turns values of `literals` into rows of bits.

    Each improving solution is a read, and so is the best one at the end. Of more solutions than the budget has reads,
    the last ones but the best are not answered.
    """
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = num_workers
    solver.parameters.random_seed = seed % (2**31 - 1)
    solver.parameters.catch_sigint_signal = False  # it would leave the process without Python's handler
    if budget.seconds is not None:
        solver.parameters.max_time_in_seconds = budget.seconds

    def call(emit: Callable[[Batch], None]) -> None:
        class Report(cp_model.CpSolverSolutionCallback):
            num_answered = 0

            def on_solution_callback(self) -> None:
                self.num_answered += 1
                if budget.reads is not None and self.num_answered >= budget.reads:
                    return  # the last read is for the best solution
                values = np.array([self.boolean_value(bit) for bit in literals], dtype=np.int8)
                try:
                    emit(Batch(to_bits(values), lower_bound=energy_bound(self.best_objective_bound)))
                except StreamClosed:
                    self.stop_search()

        status = solver.solve(model, Report())
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = np.array([solver.boolean_value(bit) for bit in literals], dtype=np.int8)
        else:
            values = np.zeros(len(literals), dtype=np.int8)  # no time for a solution: any assignment is one
        bound = energy_bound(solver.best_objective_bound)
        facts: dict[str, int | str] = {"cpsat_status": solver.status_name(status), "branches": solver.num_branches}
        emit(Batch(to_bits(values), lower_bound=bound, facts=facts))

    return stream_of(call)
