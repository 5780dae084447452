"""Median loss gap of each solver on each problem."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Matrix, Panel, PlotData, figure
from bnnbench.metrics import cost_table
from bnnbench.metrics.labels import groups, natural


@figure(
    title="Gap by problem and solver",
    caption="Median training loss above the optimum, of the best weights of a run; ∞: half of the runs failed, or "
    "more; blank: not asked.",
    missing="no run with a known optimum took place, so that there are no gaps",
    place=2,
)
def gap_by_problem(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: medians over repetitions, problems in rows and solvers in columns."""
    solvers = sorted(data.known["solver"].unique(), key=natural)
    problems = sorted(data.known["problem"].unique(), key=natural)
    for name, rows in groups(data.known, "formulation"):
        costs = cost_table(rows, "loss_gap", rows=("problem",)).reindex(index=problems, columns=solvers)
        matrix = Matrix(problems, solvers, costs.to_numpy(float).tolist(), "loss gap [loss]")
        yield Panel(name, "", "", matrix)
