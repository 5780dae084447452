"""Share of runs of each solver that are solved, by cell of a set."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Matrix, Panel, PlotData, figure
from bnnbench.metrics.labels import entrants, natural


@figure(
    title="Solved by cell",
    caption="Runs that reached the optimal training loss, in percent of those with a known optimum, in each cell of a "
    "set; cells by their number of weights; blank: not asked. A formulation stands beside solvers that read it.",
    missing="no problem is of a set, so that there are no cells",
    place=2,
)
def solved_by_cell(data: PlotData) -> Iterator[Panel]:
    """Yield one panel: cells in rows, ways in columns; failed runs are unsolved."""
    runs = data.known[data.known["cell"].notna()] if "cell" in data.known else data.known.iloc[:0]
    if runs.empty:
        return
    cells = runs.groupby("cell")["num_weights"].min().sort_values(kind="stable").index.tolist()
    shares = 100 * (runs["loss_gap"] <= 0).groupby([runs["cell"], entrants(runs)]).mean().unstack()
    shares = shares.reindex(index=cells, columns=sorted(shares.columns, key=natural))
    yield Panel("", "", "", Matrix(cells, list(shares.columns), shares.to_numpy(float).tolist(), "solved [%]"))
