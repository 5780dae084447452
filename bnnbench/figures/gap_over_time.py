"""Median loss gap of each solver over sampling time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bnnbench.charts import Panel, PlotData, figure
from bnnbench.charts.series import Curve, band_series, curves_by_run
from bnnbench.metrics import best_so_far, quartiles
from bnnbench.metrics.labels import groups

NUM_TIMES = 60
"""Times at which quantiles are taken, evenly on a logarithmic axis: finer than a line of print shows."""


@figure(
    title="Gap over time",
    caption="Median training loss above the optimum, of the best weights so far, over sampling time; bands hold the "
    "middle half of the runs. Runs without an answer yet, and failed ones, count as infinitely bad; where a band has "
    "no upper end, it is drawn up to the highest that the curve has.",
    missing="no run has a batch and a known optimum, so there is no gap over time",
    pages=("overview", "solver"),
    place=1,
)
def gap_over_time(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: ``gap(t) = min loss until t − optimum``, quartiles over runs.

    A run has no gap before its first batch, and one that failed never has any: both count as infinite. A run that ended
    keeps its last gap. Runs without a known optimum are left out.
    """
    curves = best_so_far(data.trace[data.trace["run"].isin(data.known["key"])])
    times_s = curves["time_s"]
    if not (times_s > 0).any():
        return
    grid = np.geomspace(times_s[times_s > 0].min(), times_s.max(), NUM_TIMES)
    by_run = curves_by_run(curves)
    for name, rows in groups(data.known, "formulation"):
        series = []
        for solver, group in groups(rows, "solver"):
            runs = group[["key", "status", "optimum"]].itertuples(index=False, name=None)
            gaps = [_gaps(by_run.get(key) if status == "ok" else None, optimum, grid) for key, status, optimum in runs]
            bands = quartiles(np.array(gaps))
            series.append(band_series(solver, data.style_of[solver], grid, bands, "steps"))
        yield Panel(name, "sampling time [s]", "loss gap [loss]", tuple(series), log_x=True)


def _gaps(curve: Curve | None, optimum: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gap of one run at each time of the grid; infinite before its first batch."""
    if curve is None:
        return np.full(len(grid), np.inf)
    times, losses = curve
    place = np.searchsorted(times, grid * (1 + 1e-9), side="right")
    return np.concatenate([[np.inf], losses - optimum])[place]
