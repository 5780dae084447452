"""Least training loss so far of every run, over sampling time."""

from __future__ import annotations

from collections.abc import Iterator

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.series import curves_by_run
from bnnbench.metrics import best_so_far
from bnnbench.metrics.labels import groups

MAX_POINTS = 20_000
"""Of a panel; a larger one would be slow to draw, and too full to read."""


@figure(
    title="Runs over time",
    caption="Least training loss so far, of every run; on a screen, a touch tells which run it is. Where there are too "
    "many to read, the last by name are left out, and their number stands above the panel.",
    missing="no run has a batch yet",
    pages=("problem",),
    place=2,
)
def runs_over_time(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: steps where a run improved, until its end."""
    curves = best_so_far(data.trace)
    steps = curves_by_run(curves[curves.groupby("run")["loss"].shift() != curves["loss"]])
    for name, rows in groups(data.asked[data.asked["key"].isin(steps)], "formulation"):
        series, points, left_out = [], 0, 0
        for solver, group in groups(rows, "solver"):
            x: list[float] = []
            y: list[float] = []
            for key, end_s in zip(group["key"], group["sample_s"], strict=True):
                if points + len(x) >= MAX_POINTS:
                    left_out += 1
                    continue
                times, losses = steps[key]
                x += [*times, max(times[-1], float(end_s)), float("nan")]
                y += [*losses, losses[-1], float("nan")]
            points += len(x)
            if x:
                series.append(Series(solver, x, y, data.style_of[solver], "steps"))
        title = f"{name}, {left_out} runs left out" if left_out else name
        yield Panel(title, "sampling time [s]", "training loss [loss]", tuple(series), log_x=True)
