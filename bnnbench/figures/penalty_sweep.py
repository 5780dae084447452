"""Gaps and violated penalties over λ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.charts.series import band_series
from bnnbench.errors import BnnbenchError
from bnnbench.metrics import quartiles
from bnnbench.metrics.censoring import censored
from bnnbench.metrics.labels import groups
from bnnbench.plugins.registry import formulation

SHOWN = {
    "loss_gap": "loss gap [loss]",
    "mean_loss_gap": "mean gap [loss]",
    "violations": "violated penalties",
}
"""Columns that are swept over λ, with their labels."""


@figure(
    title="Sweep of λ",
    caption="Medians over runs of the gap of the best and of the mean read, and of violations, with the band of the "
    "middle half; failed runs count as infinitely bad, and a band without an upper end is drawn up to the highest that "
    "the curve has.",
    missing="no formulation has two values of λ; sweep it in the suite, such as penalty = [1, 2, 5]",
    place=7,
)
def penalty_sweep(data: PlotData) -> Iterator[Panel]:
    """Yield three panels for each setting that was swept: loss gap, mean read and violated penalties over λ.

    Of λ per layer, the axis has that of the hidden layers; curves of other ratios to the output's are named by it.
    """
    labels = {label: _setting(label) for label in data.formulations}
    places = {(setting, lam) for setting, _, lam in labels.values()}
    settings = [setting for setting, _ in places]
    rows = data.asked.assign(**{column: censored(data.asked, column) for column in SHOWN})
    for place, name in enumerate(("setting", "ratio", "lambda")):
        rows[name] = [labels[label][place] for label in rows["formulation"]]
    for swept in sorted({setting for setting in settings if settings.count(setting) > 1}):
        for column, y_label in SHOWN.items():
            chosen = rows[rows["setting"] == swept].dropna(subset=[column])
            series = tuple(
                _curve(data, solver, ratio, runs[runs["ratio"] == ratio], column)
                for solver, runs in groups(chosen, "solver")
                for ratio in sorted(runs["ratio"].unique())
            )
            yield Panel(swept, "λ", y_label, series, log_x=True)


def _curve(data: PlotData, solver: str, ratio: float, group: pd.DataFrame, column: str) -> Series:
    parts: Any = group.groupby("lambda")[column]
    by_penalty = {float(lam): quartiles(values.to_numpy(float)) for lam, values in parts}
    label = solver + (f", output λ ×{ratio:.3g}" if ratio != 1 else "")
    bands = [np.array(values) for values in zip(*by_penalty.values(), strict=True)]
    return band_series(label, data.style_of[solver], np.array(list(by_penalty)), bands, "line")


def _setting(label: str) -> tuple[str, float, float]:
    """Return the label without λ, the ratio of the output's λ to the hidden layers', and the hidden layers' λ."""
    try:
        setting = formulation(label)
    except BnnbenchError:  # of another version of bnnbench, or of a file
        return label, 1.0, float("nan")
    penalty = setting.parameters.get("penalty")
    if not isinstance(penalty, (float, tuple)):
        return label, 1.0, float("nan")
    bare = str(setting.without("penalty"))
    return (bare, penalty[-1] / penalty[0], penalty[0]) if isinstance(penalty, tuple) else (bare, 1.0, penalty)
