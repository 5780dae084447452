"""Gap over time: how far each solver was from the optimum when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel
from bnnbench.figures.curves import Curve, curves_by_run
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.intervals import band_series
from bnnbench.metrics import best_so_far, quartiles

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
            series.append(band_series(str(solver), evidence.look_of[str(solver)], grid, *quartiles(gaps), "steps"))
        panels.append(Panel(str(name), "sampling time [s]", "loss gap [loss]", tuple(series), log_x=True))
    return Chart(
        "gap_over_time",
        "Gap over time",
        "Median training loss above the optimum, of the best weights so far, over sampling time; bands hold the middle "
        "half of the runs. Runs without an answer yet, and failed ones, count as infinitely bad; where a band has no "
        "upper end, it is drawn up to the highest that the curve has.",
        tuple(panels),
    )


def _gaps(curve: Curve | None, optimum: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gap of one run at each time of the grid; infinite before its first batch."""
    if curve is None:
        return np.full(len(grid), np.inf)
    times, losses = curve
    place = np.searchsorted(times, grid * (1 + 1e-9), side="right")
    return np.concatenate([[np.inf], losses - optimum])[place]
