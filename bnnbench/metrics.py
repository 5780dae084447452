"""Metrics: plain functions on numbers and data frames.

Runs that failed stay in every statistic as unsolved (censored); runs that were refused or unavailable are counted
apart, because the question was not put to the solver.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
NOT_ASKED = ("refused", "unavailable")


def success_probability(successes: int, reads: int) -> tuple[float, float, float]:
    """Success probability per read, with its 95 % Jeffreys interval.

    ``p = k/n``; the interval holds the 2.5 % and 97.5 % quantiles of Beta(k + 1/2, n − k + 1/2), with its lower end at 0
    for k = 0 and its upper end at 1 for k = n.

    References
    ----------
    L. D. Brown, T. T. Cai and A. DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16,
    2001.
    """
    from scipy.stats import beta

    posterior = beta(successes + 0.5, reads - successes + 0.5)
    low = 0.0 if successes == 0 else float(posterior.ppf(0.025))
    high = 1.0 if successes == reads else float(posterior.ppf(0.975))
    return successes / reads, low, high


def time_to_solution(read_s: float, probability: float) -> float:
    """Seconds until a success with 99 % probability: ``TTS_99 = t_read·max(1, ln 0.01 / ln(1 − p))``.

    Infinite for p = 0. It falls with p, so that an interval of p maps to one of TTS with its ends exchanged; with no
    success, the upper end of p gives a lower bound.

    References
    ----------
    T. F. Rønnow et al., "Defining and detecting quantum speedup", Science 345, 2014.
    """
    if probability <= 0:
        return math.inf
    if probability >= 1:
        return read_s
    return read_s * max(1.0, math.log(0.01) / math.log1p(-probability))


def summarize(runs: pd.DataFrame, by: Sequence[str] = ("formulation", "solver")) -> pd.DataFrame:
    """A row per group: how often solved and proved, medians of gaps and times, what failed.

    Returns
    -------
    DataFrame
        Columns of `by`, then ``runs`` (that were asked), ``solved`` (of them, with loss gap 0), ``proved``, medians
        ``energy_gap``, ``loss_gap``, ``violations``, ``train_accuracy``, ``test_accuracy``, ``sample_s``,
        ``num_variables`` and ``remarks`` (failures, refusals, flags). A median over runs of which one has no answer
        counts that run as infinitely bad. The energy gap is missing where the formulation is not sound, the loss gap
        where no optimum is known.
    """
    import pandas as pd

    rows = [dict(zip(by, names, strict=True)) | _summary(group) for names, group in runs.groupby(list(by), sort=False)]
    return pd.DataFrame(rows)


def _summary(group: pd.DataFrame) -> dict[str, object]:
    asked = group[~group["status"].isin(NOT_ASKED)]
    failed = asked["status"] != "ok"
    has_truth, is_sound = bool(asked["optimum"].notna().any()), bool((asked["is_sound"] == 1).any())
    return {
        "runs": len(asked),
        "solved": int((~failed & (asked["loss_gap"] <= TOLERANCE)).sum()) if has_truth else None,
        "proved": int(asked["proved"].fillna(0).astype(bool).sum()),
        "energy_gap": _median(asked["energy_gap"]) if has_truth and is_sound else None,
        "loss_gap": _median(asked["loss_gap"]) if has_truth else None,
        "violations": _median(asked["violations"]),
        "train_accuracy": _known_median(asked["train_accuracy"]),
        "test_accuracy": _known_median(asked["test_accuracy"]),
        "sample_s": _known_median(asked["sample_s"]),
        "num_variables": _known_median(group["num_variables"]),
        "remarks": _remarks(group),
    }


def _median(values: pd.Series) -> float | None:
    """Median with missing answers as infinity; None for no values at all."""
    import pandas as pd

    if values.empty:
        return None
    return float(pd.to_numeric(values).fillna(math.inf).sort_values().iloc[(len(values) - 1) // 2])


def _known_median(values: pd.Series) -> float | None:
    """Median of the values that are there."""
    import pandas as pd

    known = pd.to_numeric(values).dropna()
    return None if known.empty else float(known.median())


def _remarks(group: pd.DataFrame) -> str:
    counts = group.loc[group["status"] != "ok", "status"].value_counts()
    remarks = [f"{count} {status}" for status, count in counts.items()]
    flagged = int((group["flags"] != "").sum())
    return ", ".join([*remarks, *([f"{flagged} flagged"] if flagged else [])])
