"""Estimates with intervals over the number of variables, a panel per formulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from bnnbench.charts import Panel, PlotData, Series
from bnnbench.charts.series import interval_series
from bnnbench.metrics import Interval
from bnnbench.metrics.labels import groups

APART = 0.012
"""Distance between points of one size, over the range of sizes: so that no solver hides another."""
Trend = Callable[[str, int, pd.DataFrame], list[Series]]
"""Lines through the points of a solver: from the formulation, the number of a style, and the rows."""


def by_size(data: PlotData, columns: list[str], y_label: str, trend: Trend | None = None) -> Iterator[Panel]:
    """Yield a panel per formulation: three columns of `PlotData.successes` (estimate and ends), a point per problem."""
    if data.known.empty:
        return
    # A run that failed before its instance was compiled has that of its neighbors.
    sizes = data.known.groupby(["problem", "formulation"])["num_variables"].max()
    table = data.successes.join(sizes, on=["problem", "formulation"])
    for name, rows in groups(table[table["num_variables"].notna()], "formulation"):
        series: list[Series] = []
        solvers = groups(rows, "solver")
        step = APART * float(rows["num_variables"].max() - rows["num_variables"].min())
        for place, (solver, group) in enumerate(solvers):
            ordered = group.sort_values("num_variables")
            x = ordered["num_variables"] + step * (place - (len(solvers) - 1) / 2)
            estimates: list[Interval] = list(ordered[columns].itertuples(index=False, name=None))
            texts = [
                f"{problem}: {value:.3g} [{low:.3g}, {high:.3g}]"
                for problem, (value, low, high) in zip(ordered["problem"], estimates, strict=True)
            ]
            style = data.style_of[solver]
            series += interval_series(solver, style, x.tolist(), estimates, texts)
            series += trend(name, style, ordered) if trend else []
        yield Panel(name, "variables", y_label, tuple(series), log_y=True)
