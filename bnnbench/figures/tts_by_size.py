"""Time to solution of each solver over the size of the QUBO, with exponential fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import linregress, t

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.figures._by_size import by_size

LEAST_SIZES = 3
"""Sizes through which a line is fitted: through two, it has no error."""


@figure(
    title="Time to solution by size",
    caption="Sampling time in seconds until a read reaches the optimal training loss with 99 % probability, a point "
    "per problem with its interval; ▲: no read did, and the lower end is shown. Lines: exponential fits (least "
    "squares, without the ▲, so that they flatter where there are many), with the factor per 100 variables and its "
    "95 % interval. Points of one size stand a little apart.",
    missing="no run with a known optimum took place on a compiled instance, so that there is no success to count",
    place=4,
)
def tts_by_size(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: TTS_99 over the number of variables, a point per problem.

    ``log10 TTS = a + b·n`` by least squares through the points of each solver that have three sizes or more.
    """
    yield from by_size(data, ["tts_s", "tts_low_s", "tts_high_s"], "TTS₉₉ [s]", fit)


def fit(formulation: str, style: int, points: pd.DataFrame) -> list[Series]:
    """Return the line through log10 TTS, named by its growth; none through fewer than three sizes."""
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
    return [Series(label, ends.tolist(), (10 ** (line.intercept + line.slope * ends)).tolist(), style, "trend")]
