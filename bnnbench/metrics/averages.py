"""Averages of times and gaps over problems or runs, with their intervals; infinite values are censored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.metrics.success import Interval

if TYPE_CHECKING:
    import pandas as pd

NUM_RESAMPLES = 2000
"""Resamples of a bootstrap: the ends of a 95 % interval move by less than its tenth (Efron and Tibshirani, ch. 19)."""


def penalized_average(times: pd.Series, limit_s: float, factor: float = 10) -> float:
    """PAR-10: the mean time, in seconds, in which what was not solved counts as ten times the limit.

    ``PAR_k = (1/n) Σ_i t_i``, with t_i = k·limit where t_i is infinite or exceeds the limit. Censoring is the point
    of it. Missing times, of runs that were not asked, are left out; NaN without any time.

    Parameters
    ----------
    times
        Seconds until solved, infinite for never, as ``censored(runs, "time_to_target_s")`` gives them.
    limit_s
        The budget of each run, in seconds.
    factor
        k.

    Raises
    ------
    InputError
        If the limit is not a positive number.

    References
    ----------
    F. Hutter, H. Hoos, K. Leyton-Brown and T. Stützle, "ParamILS: An Automatic Algorithm Configuration Framework",
    Journal of Artificial Intelligence Research 36, 2009. B. Bischl et al., "ASlib: A Benchmark Library for Algorithm
    Selection", Artificial Intelligence 237, 2016.
    """
    if not 0 < limit_s < math.inf:
        raise InputError(f"PAR-{factor:g}: the limit must be a positive number of seconds, but {limit_s} came.")
    known = times.dropna()
    return float(known.where(known <= limit_s, factor * limit_s).mean())


def shifted_geometric_mean(values: pd.Series, shift: float) -> float:
    """``(Π_i (v_i + s))^(1/n) − s``: a mean that neither the largest nor the tiniest values decide alone.

    Print the shift beside it: another shift gives another number. Missing values are left out. Censoring: one
    infinite value makes it infinite, so replace infinite times by the limit first, and say so; NaN without any value.

    Parameters
    ----------
    values
        Of at least −shift, such as seconds; mostly with a shift of 1 or 10 s.

    Raises
    ------
    InputError
        If the shift is negative, or a value less than −shift.

    References
    ----------
    T. Achterberg, "Constraint Integer Programming", doctoral thesis, TU Berlin, 2007, appendix A.3.
    """
    known = values.dropna().astype(float)
    if not 0 <= shift < math.inf or (known < -shift).any():
        raise InputError(
            f"shifted geometric mean: the shift {shift:g} must be at least 0, and no value may lie below −shift, but "
            f"the least is {known.min():g}."
        )
    with np.errstate(divide="ignore"):  # ln 0 is −∞, and its mean gives 0, as the product does
        return float(np.exp(np.log(known + shift).mean()) - shift)


def median_interval(values: pd.Series) -> Interval:
    """The median with its distribution-free 95 % interval, between two of the values.

    The interval is [x_(k), x_(n+1−k)] with the largest k for which ``P(Bin(n, 1/2) < k) ≤ 0.025``, so that it holds
    the median with at least 95 %. Fewer than six values have no such interval: its ends are then −∞ and ∞.

    Censoring: infinite values are the largest, and the median or the upper end can be infinite. Missing values are left
    out; without any value all three are NaN.

    References
    ----------
    W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, Wiley, 1999, section 3.2.
    """
    from scipy.stats import binom

    known = np.sort(values.dropna().to_numpy(dtype=float))
    n = len(known)
    if n == 0:
        return math.nan, math.nan, math.nan
    middle = known[(n - 1) // 2 : n // 2 + 1]
    median = float(middle.mean())
    k = int(binom.ppf(0.025, n, 0.5))
    k += int(binom.cdf(k, n, 0.5) <= 0.025)
    return (median, -math.inf, math.inf) if k < 1 else (median, float(known[k - 1]), float(known[n - k]))


def quartiles(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lower quartile, median and upper quartile along the first axis; at least half of the values lie between.

    The quartiles are two of the values, the lower one of two below and the upper one above; the median is the middle
    of two. Censoring: infinite values are the largest, so that each of the three can be infinite.

    Parameters
    ----------
    values
        Float64 of shape (n, …), n ≥ 1, none of them NaN.
    """
    low, high = np.quantile(values, 0.25, axis=0, method="lower"), np.quantile(values, 0.75, axis=0, method="higher")
    below, above = (np.quantile(values, 0.5, axis=0, method=method) for method in ("lower", "higher"))
    with np.errstate(invalid="ignore"):  # ∞ − ∞, where both are infinite
        return low, np.where(below == above, below, below + (above - below) / 2), high


def bootstrap_interval(
    values: pd.Series,
    statistic: Callable[[NDArray[np.float64]], Any],
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """A statistic with its 95 % percentile bootstrap interval.

    The interval holds the 2.5 % and 97.5 % quantiles of the statistic over resamples of the values with replacement.
    With few values it is too narrow, and with one it is a point. Missing values are left out; without any value all
    three are NaN. Censoring: what the statistic makes of infinite values.

    Parameters
    ----------
    statistic
        Of float64 values of shape (n,), a number, such as ``numpy.median``.
    seed
        Of the resampling: the same values and seed give the same interval.

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall, 1993, chapter 13.
    """
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        return math.nan, math.nan, math.nan
    picks = np.random.default_rng(seed).integers(len(known), size=(num_resamples, len(known)))
    resampled = np.sort([float(statistic(known[pick])) for pick in picks])
    # Order statistics, not interpolated: ∞ − ∞ is no number.
    low, high = (float(np.quantile(resampled, q, method="inverted_cdf")) for q in (0.025, 0.975))
    return float(statistic(known)), low, high
