"""Paired comparisons: whether one solver is better than another on the same problems, or it is chance."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.errors import InputError

MAX_EXACT = 100
"""Problems up to which p is exact, in milliseconds; beyond, the normal approximation is as good."""


def compare_pair(costs: pd.DataFrame, first: str, second: str) -> dict[str, Any]:
    """Test two solvers over their common problems by the two-sided Wilcoxon signed-rank test.

    d_p = c(p, first) − c(p, second); ``T = min(Σ_{d>0} rank|d|, Σ_{d<0} rank|d|)``, in which the ranks of d = 0 are
    split evenly (Demšar 2006). p is the probability of a T that is as small or smaller, if the sign of each d were
    drawn by a coin. Repetitions on one problem are not independent problems: reduce them to one cost each before, as
    `bnnbench.metrics.cost_table` does.

    Censoring: a cost is finite or infinite; where one solver alone failed, its difference is the largest; where both
    failed, it is 0. Problems on which either was not asked are left out.

    Returns
    -------
    dict
        ``first``, ``second``, ``problems`` (n), ``first_better``, ``second_better``, ``equal`` (numbers of problems),
        ``statistic`` (T), ``p`` (1 if nothing differs; NaN without problems), ``favors`` (the one with the larger sum
        of ranks on its side, which need not have won more often; None where they are equal). With n < 6, no p is below
        0.03.

    Raises
    ------
    InputError
        If a solver has no column.

    References
    ----------
    F. Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1, 1945. J. Demšar, "Statistical
    Comparisons of Classifiers over Multiple Data Sets", Journal of Machine Learning Research 7, 2006.
    """
    from scipy.stats import rankdata, wilcoxon

    for name in (first, second):
        if name not in costs:
            raise InputError(f"comparison: there is no solver {name!r}; there are {', '.join(map(str, costs))}.")
    both = costs[[first, second]].dropna().to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        differences = np.where(both[:, 0] == both[:, 1], 0.0, both[:, 0] - both[:, 1])
    # Equal numbers that were computed on two ways differ in the last place, and would be ranked.
    differences = np.round(differences, 9)
    finite = np.abs(differences[np.isfinite(differences)])
    differences = np.clip(differences, -1 - finite.max(initial=0), 1 + finite.max(initial=0))
    statistic, p, favors = 0.0, float("nan") if len(both) == 0 else 1.0, None
    if np.any(differences):
        result = wilcoxon(differences, zero_method="zsplit", method="asymptotic")
        statistic = float(result.statistic)
        p = _exact_p(differences, statistic) if len(both) <= MAX_EXACT else float(result.pvalue)
        balance = float(np.sign(differences) @ rankdata(np.abs(differences)))
        favors = first if balance < 0 else second if balance > 0 else None
    return {
        "first": first,
        "second": second,
        "problems": len(both),
        "first_better": int((differences < 0).sum()),
        "second_better": int((differences > 0).sum()),
        "equal": int((differences == 0).sum()),
        "statistic": statistic,
        "p": p,
        "favors": favors,
    }


def _exact_p(differences: NDArray[np.float64], statistic: float) -> float:
    """Return the share of all 2^n signs with a statistic as small or smaller; scipy counts them only without ties."""
    from scipy.stats import rankdata

    doubled = np.rint(2 * rankdata(np.abs(differences))).astype(int)  # whole, where ties have half ranks
    num_zeros = int((differences == 0).sum())
    chance = np.zeros(doubled.sum() + 1)
    chance[num_zeros * (num_zeros + 1) // 2] = 1.0  # half the ranks of zeros
    for rank in doubled[differences != 0]:
        chance = (chance + np.roll(chance, rank)) / 2  # nothing comes round: the largest sum is the length
    sums = np.arange(len(chance))
    return float(chance[np.minimum(sums, doubled.sum() - sums) <= 2 * statistic].sum())


def signed_rank_interval(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the Hodges–Lehmann estimate of the middle of paired differences, with its 95 % interval.

    The estimate is the median of the Walsh averages ``(d_i + d_j)/2``, i ≤ j; the interval ends at the k-th least and
    the k-th greatest of them, with the largest k for which the signed-rank statistic is below k with 2.5 % at most: it
    holds the differences that `compare_pair` would not reject. It presupposes that differences are symmetric. Fewer
    than six have no interval. Censoring: an infinite difference makes averages infinite; ∞ − ∞ counts as 0.
    """
    n = len(differences)
    first, second = np.triu_indices(n)
    with np.errstate(invalid="ignore"):
        averages = np.sort(np.nan_to_num((differences[first] + differences[second]) / 2, nan=0.0, posinf=math.inf,
                                         neginf=-math.inf))  # fmt: skip
    if n == 0:
        return math.nan, math.nan, math.nan
    middle = averages[(len(averages) - 1) // 2 : len(averages) // 2 + 1]
    value = float(middle[0] if middle[0] == middle[-1] else middle.mean())
    chance = np.ones(1)
    for rank in range(1, n + 1):  # the distribution of the sum of ranks under random signs
        chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
    k = int((np.cumsum(chance) <= 0.025).sum())
    return (value, -math.inf, math.inf) if k < 1 else (value, float(averages[k - 1]), float(averages[-k]))


def effect_size(costs: pd.DataFrame, first: str, second: str, *, is_ratio: bool) -> tuple[float, float, float]:
    """Return how much more `first` costs than `second` on the same problems, with its 95 % interval over problems.

    A factor (1: no difference) of the Hodges–Lehmann middle of logarithms, or a difference (0: none) of costs, see
    `signed_rank_interval`. Censoring: one that alone failed costs infinitely more; where both failed there is no
    difference. Problems on which either was not asked are left out.
    """
    both = costs[[first, second]].dropna().to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        both = np.log(both) if is_ratio else both
        differences = np.where(both[:, 0] == both[:, 1], 0.0, both[:, 0] - both[:, 1])
    ends = signed_rank_interval(differences)
    return tuple(math.exp(end) if is_ratio else end for end in ends)  # type: ignore[return-value]


def compare_all(costs: pd.DataFrame) -> pd.DataFrame:
    """Compare every pair of solvers by `compare_pair`, corrected for their number.

    Columns as `compare_pair` has them, and ``p_holm``: p corrected by `holm` over all rows of this table.
    Censoring as there.
    """
    names: list[Any] = list(costs.dropna(axis="columns", how="all"))
    rows = [compare_pair(costs, first, second) for first, second in combinations(names, 2)]
    columns = ["first", "second", "problems", "first_better", "second_better", "equal", "statistic", "p", "favors"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_holm=holm(frame["p"]))


def holm(p_values: pd.Series) -> pd.Series:
    """Return p values corrected for their number m by Holm's step-down method.

    ``p'_(i) = max_{j ≤ i} min(1, (m − j + 1)·p_(j))`` for p_(1) ≤ … ≤ p_(m): with p' ≤ α called significant, the
    probability of any false claim is at most α, whatever depends on what. Missing values stay, and are not counted.

    References
    ----------
    S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    known = p_values.dropna().astype(float).sort_values()
    factors = np.arange(len(known), 0, -1)
    return (known * factors).clip(upper=1.0).cummax().reindex(p_values.index).rename("p_holm")
