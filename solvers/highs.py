"""HiGHS, an open MIP solver, on the network or on the linearized QUBO; proves optimality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.linear_program import LinearModel
from bnnbench.solver.contract import Budget

from ._linear import LinearSolver, Report


@dataclass(frozen=True, kw_only=True)
class Highs(LinearSolver):
    """Branch and cut (Q. Huangfu and J. A. J. Hall, Mathematical Programming Computation 10, 2018)."""

    needs: ClassVar[tuple[str, ...]] = ("highspy",)
    loads: ClassVar[tuple[str, ...]] = ("highspy",)

    num_threads: Annotated[int, Field(ge=1)] = 1
    """Threads of the library."""

    @property
    @override
    def threads(self) -> int:
        return self.num_threads

    @override
    def optimize(
        self, model: LinearModel, seed: int, budget: Budget, report: Report, start: NDArray[np.float64] | None
    ) -> tuple[Any, float, float]:
        import highspy

        solver: Any = highspy.Highs()
        solver.silent()
        options: dict[str, float | int] = {
            "mip_rel_gap": 0.0,
            "mip_abs_gap": 1e-9,
            "random_seed": seed % (2**31 - 1),
            "threads": self.num_threads,
        }
        if budget.seconds is not None:
            options["time_limit"] = budget.seconds
        for name, value in options.items():
            solver.setOptionValue(name, value)
        solver.passModel(_program(model))
        if start is not None:
            solver.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        goes_on = True

        def callback(kind: Any, _message: str, out: Any, into: Any, _data: Any) -> None:
            nonlocal goes_on
            if kind == highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution:
                goes_on = goes_on and report(np.array(out.mip_solution), out.mip_dual_bound, out.mip_node_count)
            if not goes_on:
                into.user_interrupt = True

        solver.setCallback(callback, None)
        for kind in ("kCallbackMipImprovingSolution", "kCallbackMipInterrupt"):
            solver.startCallback(getattr(highspy.cb.HighsCallbackType, kind))
        highspy.Highs.resetGlobalScheduler(True)  # noqa: FBT003  or a process keeps its first number of threads
        solver.run()
        info, answer = solver.getInfo(), solver.getSolution()
        return (np.array(answer.col_value) if answer.value_valid else None), info.mip_dual_bound, info.mip_node_count


def _program(model: LinearModel) -> Any:
    import highspy

    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(model.cost), len(model.upper)
    program.col_cost_ = model.cost
    program.col_lower_, program.col_upper_ = model.lowest, np.ones(len(model.cost))
    program.row_lower_, program.row_upper_ = np.full(len(model.upper), -highspy.kHighsInf), model.upper
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = model.matrix.indptr
    program.a_matrix_.index_ = model.matrix.indices
    program.a_matrix_.value_ = model.matrix.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    program.integrality_ = [kinds[int(whole)] for whole in model.is_whole]
    return program
