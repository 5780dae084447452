"""Every run of one problem over time; for the screen, where a touch tells which run it is."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.curves import curves_by_run
from bnnbench.figures.evidence import Evidence
from bnnbench.metrics import best_so_far

MAX_POINTS = 20_000
"""Of a panel; a larger one would be slow to draw, and too full to read."""


def runs_over_time(evidence: Evidence) -> Chart:
    """Least training loss so far of each run, steps where it improved, a panel per formulation.

    Raises
    ------
    InputError
        If no run has a batch.
    """
    curves = best_so_far(evidence.trace)
    improved = curves[curves.groupby("run")["loss"].shift() != curves["loss"]] if len(curves) else curves
    steps = curves_by_run(improved)
    panels, left_out = [], 0
    for name, rows in evidence.asked.groupby("formulation") if steps else ():
        series, points = [], 0
        for solver, group in rows.groupby("solver"):
            x: list[float] = []
            y: list[float] = []
            for key, end_s in zip(group["key"], group["sample_s"], strict=True):
                left_out += key in steps and points + len(x) >= MAX_POINTS
                if key in steps and points + len(x) < MAX_POINTS:
                    times, losses = steps[key]
                    x += [*times, max(times[-1], float(end_s)), float("nan")]
                    y += [*losses, losses[-1], float("nan")]
            points += len(x)
            if x:
                series.append(Series(str(solver), x, y, evidence.look_of[str(solver)], "steps"))
        if series:
            panels.append(Panel(str(name), "sampling time [s]", "training loss [loss]", tuple(series), log_x=True))
    if not panels:
        raise InputError(f"{evidence.name}: no run has a batch yet.")
    caption = "Least training loss so far, of every run."
    if left_out:
        caption = f"Least training loss so far; {left_out} runs, the last by name, are left out, too many to read."
    return Chart("runs_over_time", "Runs over time", caption, tuple(panels))
