"""Share of problems on which a solver is within a factor of the fastest."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.metrics import cost_table, performance_profile
from bnnbench.metrics.labels import groups, natural

LEAST_S = 1e-6
"""What the clock tells apart; a time of 0 has no ratio."""


@figure(
    title="Performance profile",
    caption="Share of problems on which the median sampling time to the optimal training loss is within a factor of "
    "the fastest solver's (Dolan and Moré 2002). Failed and unsolved ones never are.",
    missing="no run reached a known optimum, so that there are no times to compare",
    place=5,
)
def profile(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: the performance profile of the time to the optimal loss."""
    for name, rows in groups(data.known, "formulation"):
        costs = cost_table(rows, "time_to_target_s", rows=("problem",)).clip(lower=LEAST_S)
        curves = performance_profile(costs)
        if curves.empty:
            continue
        x = [*curves.index, float(curves.index[-1]) * 1.2]
        series = tuple(
            Series(solver, x, [*curves[solver], curves[solver].iloc[-1]], data.style_of[solver], "steps")
            for solver in sorted(map(str, curves), key=natural)
        )
        yield Panel(name, "factor of the fastest", "share of problems", series, log_x=True)
