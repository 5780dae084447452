"""Success per read and time to solution against the size of the QUBO."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.intervals import interval_series
from bnnbench.metrics import Interval

LEAST_SIZES = 3
"""Sizes through which a line is fitted: through two, it has no error."""


def success_by_size(evidence: Evidence) -> Chart:
    """Success probability per read over the number of variables, a point per problem, a panel per formulation.

    Raises
    ------
    InputError
        If no run has a known optimum.
    """
    return Chart(
        "success_by_size",
        "Success per read by size",
        "Probability that a read reaches the optimal training loss, a point per problem with its 95 % Jeffreys "
        "interval; ▼: no read did, and the upper end is shown. Reads count as independent draws, which those of a "
        "search that goes on from its last state are not.",
        _panels(evidence, "success", "success per read"),
    )


def tts_by_size(evidence: Evidence) -> Chart:
    """TTS_99 over the number of variables, a point per problem, with an exponential fit, a panel per formulation.

    ``log10 TTS = a + b·n`` by least squares through the points of each solver that have three sizes or more. Points
    without a success are not in the fit, which then flatters.

    Raises
    ------
    InputError
        If no run has a known optimum.
    """
    return Chart(
        "tts_by_size",
        "Time to solution by size",
        "Sampling time in seconds until a read reaches the optimal training loss with 99 % probability, a point per "
        "problem with its interval; ▲: no read did, and the lower end is shown. Lines: exponential fits (least "
        "squares, without the ▲), with the factor per 100 variables and its 95 % interval.",
        _panels(evidence, "tts", "TTS₉₉ [s]"),
    )


def _panels(evidence: Evidence, what: str, y_label: str) -> tuple[Panel, ...]:
    asked = evidence.asked
    asked = asked[asked["optimum"].notna()] if len(asked) else asked
    if not len(asked):
        raise InputError(
            f"{evidence.name}: no run with a known optimum took place, so that there is no success to count."
        )
    # A run that failed before its instance was compiled has that of its neighbors.
    sizes = asked.groupby(["problem", "formulation"])["num_variables"].max()
    table = evidence.successes.join(sizes, on=["problem", "formulation"])
    columns = ["success", "success_low", "success_high"] if what == "success" else ["tts_s", "tts_low_s", "tts_high_s"]
    panels = []
    for name, rows in table[table["num_variables"].notna()].groupby("formulation"):
        series: list[Series] = []
        for solver, group in rows.groupby("solver"):
            ordered = group.sort_values("num_variables")
            x = ordered["num_variables"].tolist()
            estimates: list[Interval] = list(ordered[columns].itertuples(index=False, name=None))
            look = evidence.look_of[str(solver)]
            texts = [
                f"{problem}: {value:.3g} [{low:.3g}, {high:.3g}]"
                for problem, (value, low, high) in zip(ordered["problem"], estimates, strict=True)
            ]
            series += interval_series(str(solver), look, x, estimates, texts)
            if what == "tts":
                series += _fit(str(name), look, ordered)
        panels.append(Panel(str(name), "variables", y_label, tuple(series), log_y=True))
    if not panels:
        raise InputError(f"{evidence.name}: no instance was compiled, so that no size is known.")
    return tuple(panels)


def _fit(formulation: str, look: int, points: pd.DataFrame) -> list[Series]:
    """The line through log10 TTS, named by its growth; none through fewer than three sizes."""
    from scipy.stats import linregress, t

    times = points["tts_s"].astype(float)
    solved = points[np.isfinite(times) & (times > 0)]  # a time of 0 is one that the clock did not see
    x, y = solved["num_variables"].to_numpy(float), np.log10(solved["tts_s"].to_numpy(float))
    if len(np.unique(x)) < LEAST_SIZES:
        return []
    line: Any = linregress(x, y)
    spread = t.ppf(0.975, len(x) - 2) * line.stderr
    growth, low, high = (10 ** (100 * slope) for slope in (line.slope, line.slope - spread, line.slope + spread))
    ends = np.array([x.min(), x.max()])
    label = f"{formulation}: ×{growth:.2g} [{low:.2g}, {high:.2g}] per 100"
    return [Series(label, ends.tolist(), (10 ** (line.intercept + line.slope * ends)).tolist(), look, "trend")]
