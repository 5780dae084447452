"""The summary: a row per formulation and solver, which `bnnbench show` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.labels import tell_apart

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6
"""As `bnnbench.harness.outcome.TOLERANCE`: losses closer than this are equal."""


def summarize(runs: pd.DataFrame, by: Sequence[str] = ("formulation", "solver")) -> pd.DataFrame:
    """A row per group: how often solved and proved, medians of gaps and times, what failed.

    Columns of `by`, then

    - ``runs``: runs that were asked, so neither ``refused`` nor ``unavailable``; those are in ``remarks``;
    - ``ok``: of them, runs that came to their end;
    - ``solved``: of these, runs whose loss gap is at most 1e-6. A failed run is unsolved whatever it had found; a run
      without a known optimum is no evidence, and is counted in ``remarks``. Missing if no optimum is known;
    - ``proved``: of these, runs whose valid lower bound meets their energy;
    - ``energy_gap``, ``loss_gap``, ``mean_loss_gap`` (of the mean read, not the best), ``violations``: medians over
      asked runs, in which a failed run counts as infinite (right-censored), so that failing never makes a median
      smaller. The gaps are over runs with a known optimum; the energy gap is over sound formulations only, as no
      ground energy of others is known;
    - ``train_accuracy``, ``test_accuracy``, ``sample_s``: medians over runs of status ok, not censored, so that they
      flatter a solver that often fails: read them beside ``ok``. An accuracy that not every problem has is missing in
      all rows: medians over different problems do not compare;
    - ``num_variables``: median over all runs;
    - ``flagged``: runs with a claim that the harness found false, or an overrun budget;
    - ``remarks``: what failed or was not asked, by status.

    Runs that share a label but not their budget, hyperparameters or versions get rows of their own, see `tell_apart`.

    Parameters
    ----------
    runs
        As `bnnbench.store.Store.runs` gives them.
    """
    import pandas as pd

    if runs.empty:
        return pd.DataFrame(columns=[*by, *SUMMARY])
    groups = tell_apart(runs).groupby(list(by), dropna=False)
    frame = pd.DataFrame([dict(zip(by, names, strict=True)) | _summary(group) for names, group in groups])
    ended = runs[runs["status"] == "ok"]
    for name in ("train_accuracy", "test_accuracy"):
        if ended[name].isna().groupby(ended["problem"]).all().any():
            frame[name] = math.nan
    return frame


SUMMARY = (
    "runs", "ok", "solved", "proved", "energy_gap", "loss_gap", "mean_loss_gap", "violations", "train_accuracy",
    "test_accuracy", "sample_s", "num_variables", "flagged", "remarks",
)  # fmt: skip
"""Columns of a summary, after those that it is grouped by."""


def _summary(group: pd.DataFrame) -> dict[str, Any]:
    asked = group[was_asked(group)]
    ended = asked[asked["status"] == "ok"]
    is_known = asked["optimum"].notna()
    medians = ("energy_gap", "loss_gap", "mean_loss_gap", "violations")
    return {
        "runs": len(asked),
        "ok": len(ended),
        "solved": int((numbers(ended["loss_gap"]) <= TOLERANCE).sum()) if is_known.any() else None,
        "proved": int((numbers(ended["proved"]) == 1).sum()),
        **{name: _median(censored(group, name)) for name in medians},
        "train_accuracy": _median(ended["train_accuracy"]),
        "test_accuracy": _median(ended["test_accuracy"]),
        "sample_s": _median(ended["sample_s"]),
        "num_variables": _median(group["num_variables"]),
        "flagged": int((group["flag_texts"].notna() & (group["flag_texts"] != "")).sum()),
        "remarks": _remarks(group, int((~is_known).sum())),
    }


def _median(values: pd.Series) -> float | None:
    """Median of the values that are there; None if there are none."""
    known = numbers(values).dropna()
    return None if known.empty else float(known.median())


def _remarks(group: pd.DataFrame, num_unknown: int) -> str:
    counts = group.loc[group["status"] != "ok", "status"].value_counts()
    remarks = [f"{counts[status]} {status}" for status in sorted(counts.index)]
    return ", ".join([*remarks, *([f"{num_unknown} without optimum"] if num_unknown else [])])
