"""Averages and their intervals, against hand calculation and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bnnbench.metrics import (
    median_interval,
    quartiles,
)

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 8], (0, 4, 8)),
        ([0, INF], (0, INF, INF)),
        ([1, 2, 3, 4, 5], (2, 3, 4)),
        ([1, 2, 3, INF], (1, 2.5, INF)),
        ([INF, INF], (INF, INF, INF)),
        ([7], (7, 7, 7)),
    ],
)
def test_quartiles_hold_half_of_the_values_and_failures_are_the_largest(values, expected):
    assert quartiles(np.array(values, dtype=float)) == expected
    low, _, high = quartiles(np.array([values, values], dtype=float).T)
    assert (low.tolist(), high.tolist()) == ([expected[0]] * 2, [expected[2]] * 2)


# Largest k with P(Bin(n, 1/2) < k) ≤ 0.025, as printed tables of the sign test have it: 6 → 1, 9 → 2, 12 → 3, 20 → 6.
@pytest.mark.parametrize(("n", "k"), [(6, 1), (8, 1), (9, 2), (12, 3), (20, 6)])
def test_the_interval_of_a_median_lies_between_order_statistics(n, k):
    assert median_interval(pd.Series(range(n, 0, -1))) == ((n + 1) / 2, k, n + 1 - k)


def test_few_values_have_no_interval():
    assert median_interval(pd.Series([3.0, 1.0, 2.0, NAN])) == (2, -INF, INF)
    assert all(map(math.isnan, median_interval(pd.Series([], dtype=float))))


def test_censored_values_are_the_largest():
    assert median_interval(pd.Series([INF, 1, 2, 3, 4, 5, INF])) == (4, 1, INF)
    assert median_interval(pd.Series([INF] * 6)) == (INF, INF, INF)


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for n in (6, 11, 30):
        intervals = [median_interval(pd.Series(rng.exponential(size=n))) for _ in range(400)]
        assert np.mean([low <= math.log(2) <= high for _, low, high in intervals]) > 0.93
