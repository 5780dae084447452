"""Medians and quartiles of times and gaps, in which infinite values are censored."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.metrics.success import Interval

LEAST_VALUES = 6
"""Values below which their median has no 95 % interval, see `median_interval`."""


def median_interval(values: pd.Series) -> Interval:
    """Return the median with its distribution-free 95 % interval, between two of the values.

    The interval is [x_(k), x_(n+1−k)] with the largest k for which ``P(Bin(n, 1/2) < k) ≤ 0.025``, so that it holds
    the median with at least 95 %. Fewer than six values have no such interval: its ends are then −∞ and ∞.

    Censoring: infinite values are the largest, and the median or the upper end can be infinite. Missing values are left
    out; without any value all three are NaN.

    References
    ----------
    W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, Wiley, 1999, section 3.2.
    """
    known = np.sort(values.dropna().to_numpy(dtype=float))
    n = len(known)
    if n == 0:
        return math.nan, math.nan, math.nan
    middle = known[(n - 1) // 2 : n // 2 + 1]
    median = float(middle.mean())
    k = _order(n)
    return (median, -math.inf, math.inf) if k < 1 else (median, float(known[k - 1]), float(known[n - k]))


@cache
def _order(n: int) -> int:
    """Return the largest k with ``P(Bin(n, 1/2) < k) ≤ 0.025``."""
    from scipy.special import bdtr

    return int(np.searchsorted(bdtr(np.arange(n), n, 0.5), 0.025, side="right"))


def quartiles(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lower quartile, median and upper quartile along the first axis; at least half of the values lie between.

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
