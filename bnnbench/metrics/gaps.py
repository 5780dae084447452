"""Normalized gap: the loss gap of each run in units of that of random settings."""

from __future__ import annotations

import pandas as pd

from bnnbench.metrics.censoring import censored, numbers


def is_floor(runs: pd.DataFrame) -> pd.Series:
    """Tell of each run whether its solver guesses, which makes it the floor that others are compared with.

    Rows that were published without the column ``is_floor`` are told by the name of their solver, ``random``.
    Runs that failed are told like all others.
    """
    by_name = runs["solver"].str.split(r"[\[,]", regex=True).str[0] == "random"
    return by_name if "is_floor" not in runs else numbers(runs["is_floor"]).fillna(by_name.astype(float)) == 1


def normalized_gap(runs: pd.DataFrame) -> pd.Series:
    """Return ``(L_best − L_0) / (L_random − L_0)`` of each run: 0 at the optimum, 1 at the floor.

    ``L_random`` is the loss that random settings reach with the same number of reads: the mean over the runs of
    `is_floor`, of status ok, on the same problem and formulation and with the same ``num_reads``. A value above 1 is
    worse than random.

    Missing, apart from what `bnnbench.metrics.censored` says: there is no such floor, or the floor is the optimum
    itself, where the problem tells nothing. A failed run is infinite where there is a floor for the reads that it was
    asked for.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them, those of the floor among them.
    """
    gap = censored(runs, "loss_gap")
    is_ended = runs["status"] == "ok"
    reads = numbers(runs["num_reads"]).where(is_ended, numbers(runs["budget_reads"]))
    same = [runs["problem_hash"], runs["formulation"], reads]
    floor = gap.where(is_floor(runs) & is_ended).groupby(same, dropna=False).transform("mean").where(reads.notna())
    return (gap / floor.where(floor > 0)).rename("normalized_gap")
