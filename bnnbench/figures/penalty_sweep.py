"""λ sweep: what the strength of the penalties does to the answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnnbench.errors import BnnbenchError, InputError
from bnnbench.figures.chart import Chart, Panel
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.intervals import band_series
from bnnbench.metrics import quartiles
from bnnbench.metrics.censoring import censored

SHOWN = {
    "loss_gap": "loss gap [loss]",
    "mean_loss_gap": "mean gap [loss]",
    "violations": "violated penalties",
}
"""Columns that are swept over λ, with their labels."""


def penalty_sweep(evidence: Evidence) -> Chart:
    """Loss gap, mean read and violated penalties over λ, a panel for each setting that was swept.

    Of λ per layer, the axis has that of the hidden layers; curves of other ratios to the output's are named by it.

    Raises
    ------
    InputError
        If no formulation came with two values of λ.
    """
    asked = evidence.asked
    rows = asked.assign(**{column: censored(asked, column) for column in SHOWN}) if len(asked) else asked
    labels = {label: _setting(label) for label in (rows["formulation"].unique() if len(rows) else [])}
    settings = {setting for setting, _, _ in labels.values()}
    swept = [s for s in sorted(settings) if len({lam for setting, _, lam in labels.values() if setting == s}) > 1]
    if not swept:
        raise InputError(
            f"{evidence.name}: no formulation has two values of λ; sweep it in the suite, such as penalty = [1, 2, 5]."
        )
    rows = rows.assign(
        **{
            name: rows["formulation"].map(lambda label, place=place: labels[label][place])
            for place, name in enumerate(("setting", "ratio", "lambda"))
        }
    )
    panels = []
    for setting in swept:
        for column, y_label in SHOWN.items():
            series = []
            for (solver, ratio), group in (
                rows[(rows["setting"] == setting)].dropna(subset=[column]).groupby(["solver", "ratio"])
            ):
                parts: Any = group.groupby("lambda")[column]
                by_penalty = {float(lam): quartiles(values.to_numpy(float)) for lam, values in parts}
                label = str(solver) + (f", output λ ×{ratio:.3g}" if ratio != 1 else "")
                low, median, high = (np.array(values) for values in zip(*by_penalty.values(), strict=True))
                look = evidence.look_of[str(solver)]
                series.append(band_series(label, look, np.array(list(by_penalty)), low, median, high, "line"))
            if series:
                panels.append(Panel(setting, "λ", y_label, tuple(series), log_x=True))
    return Chart(
        "penalty_sweep",
        "Sweep of λ",
        "Medians over runs of the gap of the best and of the mean read, and of violations, with the band of the middle "
        "half; failed runs count as infinitely bad, and a band without "
        "an upper end is drawn up to the highest that the curve has.",
        tuple(panels),
    )


def _setting(label: str) -> tuple[str, float, float]:
    """Label without λ, ratio of the output's λ to the hidden layers', and the hidden layers' λ."""
    from dataclasses import replace

    from bnnbench.qubo.formulation import FORMULATIONS, formulation

    try:
        setting = formulation(label)
    except BnnbenchError:  # of another version of bnnbench
        return label, 1.0, float("nan")
    default = FORMULATIONS[setting.name].penalty
    bare = replace(setting, penalty=default, shown=tuple(name for name in setting.shown if name != "penalty"))
    if isinstance(setting.penalty, tuple):
        return str(bare), setting.penalty[-1] / setting.penalty[0], setting.penalty[0]
    return str(bare), 1.0, setting.penalty
