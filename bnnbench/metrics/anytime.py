"""Anytime behavior: what a run had found when, from the time stamps of its batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnnbench.metrics.censoring import censored, numbers, was_asked
from bnnbench.metrics.success import success_probability


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


def expected_running_time(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.Series:
    """Return the ERT per group: expected seconds until the optimum, if a run that fails is started again.

    ``ERT = Σ_r T_r / #successes``: the time of a successful run until it reached the optimal loss, and the whole time
    of one that did not. Censoring: infinite without a success. A run that failed took ``sample_s``, or its budget of
    seconds where that is not known, or else nothing, which flatters; one that was not asked, or has no known optimum,
    is left out. Clock: sampling time.

    References
    ----------
    A. Auger and N. Hansen, "Performance Evaluation of an Advanced Local Search Evolutionary Algorithm", IEEE Congress
    on Evolutionary Computation, 2005. N. Hansen, A. Auger, S. Finck and R. Ros, "Real-Parameter Black-Box Optimization
    Benchmarking 2010: Experimental Setup", INRIA report RR-7215, 2010.
    """
    counted = runs[was_asked(runs) & runs["optimum"].notna()]
    spent, is_success = _spent(counted)
    groups = [counted[name] for name in by]
    times, successes = spent.groupby(groups).sum(), is_success.groupby(groups).sum()
    expected: pd.Series = times / successes.where(successes > 0)
    return expected.fillna(math.inf).rename("ert_s")


def least_running_time(runs: pd.DataFrame, by: Sequence[str] = ("problem", "formulation", "solver")) -> pd.Series:
    """Return the lower bound of the ERT, at 97.5 % confidence, per group in which no run succeeded; else missing.

    ``T̄·(1 − p)/p`` with the mean time T̄ of the group's runs, as `expected_running_time` counts it, and the upper end
    p of the 95 % Jeffreys interval of no success in n runs: the expected time of the failures before a success.
    """
    counted = runs[was_asked(runs) & runs["optimum"].notna()]
    times, is_success = _spent(counted)
    groups = [counted[name] for name in by]
    figures = times.groupby(groups).agg(["mean", "size"])
    chance = figures["size"].map(lambda n: success_probability(0, int(n))[2])
    least = figures["mean"] * (1 - chance) / chance
    return least.where(~is_success.groupby(groups).any()).rename("ert_s_low")


def _spent(counted: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return per run the seconds until the optimum, or all its seconds without, and whether it succeeded."""
    to_target = censored(counted, "time_to_target_s")
    is_success = np.isfinite(to_target)
    whole = numbers(counted["sample_s"]).fillna(numbers(counted["budget_seconds"])).fillna(0)
    return to_target.where(is_success, whole), is_success
