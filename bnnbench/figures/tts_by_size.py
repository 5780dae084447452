"""Time to solution of each solver over the size of the QUBO, with exponential fits that keep unsolved problems."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.series import growth_series
from bnnbench.figures._by_size import by_size
from bnnbench.metrics.scaling import fit_line


@figure(
    title="Time to solution by size",
    caption="Sampling time in seconds until a read reaches the optimal training loss with 99 % probability, a point "
    "per problem with its interval; ▲: no read did, and the lower end is shown. Lines: exponential fits of the "
    "expected time, unsolved problems among them as reads without a success, with the factor per 100 variables and its "
    "95 % interval over problems; none with fewer than ten solved problems at three sizes. Points of one size stand a "
    "little apart.",
    missing="no run with a known optimum took place on a compiled instance, so that there is no success to count",
    place=4,
)
def tts_by_size(data: PlotData) -> Iterator[Panel]:
    """Yield a panel per formulation: TTS_99 over the number of variables, a point per problem.

    Lines are those of ``ln 100 · c`` with the time c per success, see `bnnbench.metrics.scaling.fit_line`; TTS_99 is
    near that where successes are rare.
    """
    yield from by_size(data, ["tts_s", "tts_low_s", "tts_high_s"], "TTS₉₉ [s]", fit)


def fit(formulation: str, style: int, points: pd.DataFrame) -> list[Series]:
    """Return the line through log TTS, named by its growth; none where the data do not carry one."""
    timed = points[np.isfinite(points["read_s"].astype(float))]
    x = timed["num_variables"].to_numpy(float)
    spent = (timed["reads"] * timed["read_s"]).to_numpy(float) * np.log(100)
    line = fit_line(x, timed["successes"].to_numpy(float), spent)
    return [] if line is None else [growth_series(formulation, style, line, (x.min(), x.max()), 100)]
