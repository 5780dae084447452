"""Gap over time: how far each solver was from the optimum when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.curves import Curve, curves_by_run
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import best_so_far

NUM_TIMES = 60
"""Times at which quantiles are taken, evenly on a logarithmic axis: finer than a line of print shows."""


def gap_over_time(evidence: Evidence) -> Chart:
    """Median loss gap over sampling time with the band of its quartiles, a panel per formulation.

    ``gap(t) = min loss until t − optimum``. A run has no gap before its first batch, and one that failed never has
    any: both count as infinite in the quantiles. A run that ended keeps its last gap. Runs without a known optimum are
    left out.

    Raises
    ------
    InputError
        If no run has a batch and a known optimum.
    """
    known = evidence.asked
    known = known[known["optimum"].notna()] if len(known) else known
    curves = best_so_far(evidence.trace[evidence.trace["run"].isin(known["key"] if len(known) else [])])
    times_s = curves["time_s"]
    if not (times_s > 0).any():
        raise InputError(f"{evidence.name}: no run has a batch and a known optimum, so there is no gap over time.")
    grid = np.geomspace(times_s[times_s > 0].min(), times_s.max(), NUM_TIMES)
    by_run = curves_by_run(curves)
    panels = []
    for name, rows in known.groupby("formulation"):
        series = []
        for solver, group in rows.groupby("solver"):
            gaps = np.array(
                [
                    _gaps(by_run.get(key) if status == "ok" else None, optimum, grid)
                    for key, status, optimum in zip(group["key"], group["status"], group["optimum"], strict=True)
                ]
            )
            # Order statistics, not interpolated: ∞ − ∞ is no number.
            low, median, high = np.quantile(gaps, (0.25, 0.5, 0.75), axis=0, method="inverted_cdf")
            series.append(_series(str(solver), evidence.look_of[str(solver)], grid, low, median, high))
        panels.append(Panel(str(name), "sampling time [s]", "loss gap [loss]", tuple(series), log_x=True))
    return Chart(
        "gap_over_time",
        "Gap over time",
        "Median training loss above the optimum, of the best weights so far, over sampling time; bands hold the middle "
        "half of the runs. Runs without an answer yet, and failed ones, count as infinitely bad.",
        tuple(panels),
    )


def _gaps(curve: Curve | None, optimum: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gap of one run at each time of the grid; infinite before its first batch."""
    if curve is None:
        return np.full(len(grid), np.inf)
    times, losses = curve
    place = np.searchsorted(times, grid * (1 + 1e-9), side="right")
    return np.concatenate([[np.inf], losses - optimum])[place]


def _series(
    label: str,
    look: int,
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    y: NDArray[np.float64],
    high: NDArray[np.float64],
) -> Series:
    """A curve with its band; where the upper quartile is infinite, the band ends at the largest that is finite."""
    finite = high[np.isfinite(high)]
    ceiling = np.maximum(y, finite.max() if finite.size else y)
    return Series(
        label,
        x.tolist(),
        y.tolist(),
        look,
        "steps",
        low=low.tolist(),
        high=np.where(np.isfinite(high), high, ceiling).tolist(),
    )
