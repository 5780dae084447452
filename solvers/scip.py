"""SCIP, an open MIP solver, on the network or on the linearized QUBO; proves optimality (pyscipopt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.qubo.linear_program import LinearModel
from bnnbench.solver.contract import Budget

from ._linear import LinearSolver, Report


@dataclass(frozen=True, kw_only=True)
class Scip(LinearSolver):
    """Branch, cut and price (S. Bolusani et al., "The SCIP Optimization Suite 9.0", arXiv 2402.17702, 2024)."""

    needs: ClassVar[tuple[str, ...]] = ("pyscipopt",)
    loads: ClassVar[tuple[str, ...]] = ("pyscipopt",)

    @override
    def optimize(
        self, model: LinearModel, seed: int, budget: Budget, report: Report, start: NDArray[np.float64] | None
    ) -> tuple[Any, float, float]:
        import pyscipopt

        program: Any = pyscipopt.Model()
        program.hideOutput()
        program.setParam("randomization/randomseedshift", seed % (2**31 - 1))
        if budget.seconds is not None:
            program.setParam("limits/time", budget.seconds)
        variables = _write(program, model)
        if start is not None:
            partial = program.createPartialSol()
            for variable, value in zip(variables, start.tolist(), strict=False):
                program.setSolVal(partial, variable, value)
            program.addSol(partial)

        def point() -> NDArray[np.float64]:
            best = program.getBestSol()
            return np.array([best[variable] for variable in variables])

        class Improved(pyscipopt.Eventhdlr):  # type: ignore[misc]  # the library is not typed
            def eventinit(self) -> None:
                program.catchEvent(pyscipopt.SCIP_EVENTTYPE.BESTSOLFOUND, self)

            def eventexit(self) -> None:
                program.dropEvent(pyscipopt.SCIP_EVENTTYPE.BESTSOLFOUND, self)

            def eventexec(self, event: Any) -> None:
                del event
                if not report(point(), program.getDualbound(), program.getNTotalNodes()):
                    program.interruptSolve()

        program.includeEventhdlr(Improved(), "improved", "reports improving solutions")
        program.optimize()
        return (point() if program.getNSols() else None), program.getDualbound(), program.getNTotalNodes()


def _write(program: Any, model: LinearModel) -> list[Any]:
    """Write a linear model, and return its variables."""
    import pyscipopt

    columns = zip(model.cost.tolist(), model.lowest.tolist(), model.is_whole.tolist(), strict=True)
    variables = [
        program.addVar(vtype="I" if is_whole else "C", lb=lowest, ub=1.0, obj=cost)
        for cost, lowest, is_whole in columns
    ]
    matrix = model.matrix
    for row, bound in enumerate(model.upper.tolist()):
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        terms = zip(matrix.indices[entries].tolist(), matrix.data[entries].tolist(), strict=True)
        program.addCons(pyscipopt.quicksum(value * variables[column] for column, value in terms) <= bound)
    return variables
