"""Gap by problem and solver: where which solver is good."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Matrix, Panel
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import cost_table


def gap_by_problem(evidence: Evidence) -> Chart:
    """Median loss gap over repetitions, problems in rows and solvers in columns, a panel per formulation.

    Raises
    ------
    InputError
        If no run has a known optimum.
    """
    asked = evidence.asked
    known = asked[asked["optimum"].notna()] if len(asked) else asked
    if not len(known):
        raise InputError(f"{evidence.name}: no run with a known optimum took place, so that there are no gaps.")
    solvers = sorted(known["solver"].unique())
    problems = sorted(known["problem"].unique())
    panels = []
    for name, rows in known.groupby("formulation"):
        costs = cost_table(rows, "loss_gap", rows=("problem",)).reindex(index=problems, columns=solvers)
        matrix = Matrix(problems, solvers, costs.to_numpy(float).tolist(), "loss gap [loss]")
        panels.append(Panel(str(name), "", "", matrix))
    return Chart(
        "gap_by_problem",
        "Gap by problem and solver",
        "Median training loss above the optimum, of the best weights of a run; ∞: half of the runs failed, or more; "
        "blank: not asked.",
        tuple(panels),
    )
