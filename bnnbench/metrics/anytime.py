"""Anytime behavior: what a run had found when, from the time stamps of its batches."""

from __future__ import annotations

import pandas as pd


def best_so_far(trace: pd.DataFrame, value: str = "loss") -> pd.DataFrame:
    """Return the anytime curves: per run and batch the least value so far, and the reads so far.

    Columns ``run``, ``time_s``, ``reads``, and `value` (``loss`` or ``energy``), one row per batch, by time. A curve is
    a step function: a value holds until the next row. Runs without a batch have no rows: count them as unsolved.
    """
    ordered = trace.sort_values(["run", "time_s", "number"], kind="stable")
    groups = ordered.groupby("run", sort=False)
    curves = ordered[["run", "time_s"]].assign(
        reads=groups["num_reads"].cumsum(), **{value: groups[value].cummin().astype(float)}
    )
    return curves.reset_index(drop=True)
