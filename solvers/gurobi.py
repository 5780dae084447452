"""Gurobi, a commercial MIP solver, on the network or on the linearized QUBO; proves optimality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.linear_program import LinearModel
from bnnbench.solver.contract import Budget, Objective

from ._linear import LinearSolver, Report

MAX_FREE = 2000
"""Variables, and rows, that the licence which comes with gurobipy allows."""


@dataclass(frozen=True, kw_only=True)
class Gurobi(LinearSolver):
    """Branch and cut (Gurobi Optimization, "Gurobi Optimizer Reference Manual")."""

    needs: ClassVar[tuple[str, ...]] = ("gurobipy",)
    loads: ClassVar[tuple[str, ...]] = ("gurobipy",)

    num_threads: Annotated[int, Field(ge=1)] = 1
    """Threads of the library."""

    @property
    @override
    def threads(self) -> int:
        return self.num_threads

    def unavailable(self) -> str | None:
        """Return the solver's own reason, or a sentence where the licence does not hold."""
        reason = super().unavailable()
        if reason:
            return reason
        import gurobipy

        try:
            _environment().close()
        except gurobipy.GurobiError as error:
            return f"gurobi has no licence here ({error}); see https://www.gurobi.com/academia."
        return None

    def refuses(self, instance: Objective) -> str | None:
        """Refuse also models that are too large for the licence."""
        reason = super().refuses(instance)
        if reason:
            return reason
        model = self.linear_model(instance)
        size = max(len(model.cost), len(model.upper))
        if size <= MAX_FREE or _is_full_licence():
            return None
        return (
            f"gurobi: the model has {len(model.cost)} variables and {len(model.upper)} rows, but the licence that "
            f"comes with gurobipy allows {MAX_FREE} of each; install a full licence, or use highs."
        )

    @override
    def optimize(
        self, model: LinearModel, seed: int, budget: Budget, report: Report, start: NDArray[np.float64] | None
    ) -> tuple[Any, float, float]:
        import gurobipy
        from gurobipy import GRB

        with _environment() as environment, gurobipy.Model(env=environment) as program:
            types = np.where(model.is_whole, GRB.BINARY, GRB.CONTINUOUS)
            x = program.addMVar(len(model.cost), lb=model.lowest, ub=1.0, vtype=types)
            if start is not None:
                x[: len(start)].setAttr("Start", start)
            program.addMConstr(model.matrix, x, "<", model.upper)
            program.setObjective(model.cost @ x)
            program.Params.MIPGap, program.Params.MIPGapAbs = 0.0, 0.0
            program.Params.Seed, program.Params.Threads = seed % 2_000_000_000, self.num_threads
            if budget.seconds is not None:
                program.Params.TimeLimit = budget.seconds

            def callback(program: Any, where: int) -> None:
                if where == GRB.Callback.MIPSOL:
                    bound = program.cbGet(GRB.Callback.MIPSOL_OBJBND)
                    nodes = program.cbGet(GRB.Callback.MIPSOL_NODCNT)
                    if not report(np.array(program.cbGetSolution(x)), bound, nodes):
                        program.terminate()

            program.optimize(callback)
            return (x.X if program.SolCount else None), program.ObjBound, program.NodeCount


def _environment() -> Any:
    """Return a quiet environment."""
    import gurobipy

    return gurobipy.Env(params={"OutputFlag": 0})


def _is_full_licence() -> bool:
    """Return whether a model beyond the limit is accepted."""
    import gurobipy

    with _environment() as environment, gurobipy.Model(env=environment) as program:
        program.addMVar(MAX_FREE + 1)
        try:
            program.optimize()
        except gurobipy.GurobiError:
            return False
    return True
