"""Two levels of uncertainty: within a problem, over runs; and over problems, which share their runs' fate.

Runs of one problem are alike, so that they say less of other problems than as many independent ones. A statistic of
several problems is therefore made of one value per problem, and its interval is over problems; where there is one
problem, the interval is over its runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.metrics.averages import median_interval
from bnnbench.metrics.success import Interval, share_ends, success_probability


def problem_key(*results: pd.DataFrame) -> str:
    """Return the column that tells problems of all results apart: those whose merged samples are the same are one."""
    if all("merged_hash" in runs and runs["merged_hash"].notna().all() for runs in results):
        return "merged_hash"
    return "problem_hash" if all("problem_hash" in runs for runs in results) else "problem"


def pooled_share(successes: NDArray[np.float64], trials: NDArray[np.float64]) -> Interval:
    """Return the share of successes over several problems, with its 95 % interval over problems.

    ``p = Σ k_j / Σ n_j``. Its variance is that of a ratio over J problems, ``v = J/(J − 1)·Σ (k_j − p·n_j)² / n²``, and
    ``n* = p(1 − p)/v`` independent runs would tell as much, n at most; times ``(t_{n−1} / t_{J−1})²`` with the 97.5 %
    quantiles of Student's t, as v is known from J problems only. The interval is that of n*·p successes in n* runs, see
    `bnnbench.metrics.success_probability`. If no run succeeded, or all did, each problem counts as one run. Of one
    problem, the interval is that over its runs.

    Censoring: a failed run counts as no success.

    Parameters
    ----------
    successes, trials
        k_j and n_j ≥ 1 of each problem, of shape (J,).

    References
    ----------
    E. L. Korn and B. I. Graubard, "Confidence Intervals for Proportions With Small Expected Number of Positive Counts
    Estimated From Survey Data", Survey Methodology 24, 1998: the effective number of runs; Jeffreys' interval stands
    here in the place of the exact one.
    """
    from scipy.special import stdtrit

    num, total = len(trials), float(trials.sum())
    share = float(successes.sum()) / total
    if num == 1:
        return success_probability(int(successes[0]), int(trials[0]))
    if share in (0.0, 1.0):
        return share, *share_ends(share * num, num)
    variance = num / (num - 1) * float(((successes - share * trials) ** 2).sum()) / total**2
    alike = total if variance == 0 else min(total, share * (1 - share) / variance)
    alike *= float(stdtrit(total - 1, 0.975) / stdtrit(num - 1, 0.975)) ** 2
    return share, *share_ends(share * alike, alike)


def median_over_problems(values: pd.Series, problems: pd.Series, keys: Sequence[pd.Series]) -> pd.DataFrame:
    """Return, for each group, the median over problems of the medians over their runs, with its 95 % interval.

    Columns ``value``, ``low``, ``high``; see `bnnbench.metrics.median_interval`. In a group of one problem, the
    interval is over its runs. Censoring as there; a problem without any value is left out.
    """
    cells = values.groupby([*keys, problems], dropna=False).median()
    levels = list(range(len(keys)))
    runs = values.groupby(list(keys), dropna=False)
    figures = []
    for (_, own), (_, medians) in zip(runs, cells.groupby(level=levels, dropna=False), strict=True):
        figures.append(median_interval(own if len(medians) == 1 else medians))
    return pd.DataFrame(figures, index=runs.size().index, columns=["value", "low", "high"], dtype=float)


def level_of(runs: pd.DataFrame, by: Sequence[str]) -> str:
    """Say over what the intervals of groups of runs are, such as ``over 20 problems``.

    Parameters
    ----------
    by
        Columns that the groups share.
    """
    groups = runs.groupby(list(by), dropna=False)
    problems, sizes = groups[problem_key(runs)].nunique(), groups.size()
    if problems.empty:
        return "over runs"
    several = problems[problems > 1]
    alone = sizes[problems == 1]
    texts = [f"over {_count(several, 'problem')}"] if len(several) else []
    texts += [f"over {_count(alone, 'run')} of one problem"] if len(alone) else []
    return " or ".join(texts)


def _count(numbers: pd.Series, noun: str) -> str:
    least, most = int(numbers.min()), int(numbers.max())
    if least == most:
        return f"{most} {noun}{'' if most == 1 else 's'}"
    return f"{least} to {most} {noun}s"
