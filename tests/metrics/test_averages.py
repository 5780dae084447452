"""Averages and their intervals, against hand calculation and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from bnnbench.errors import InputError
from bnnbench.metrics import (
    bootstrap_interval,
    median_interval,
    penalized_average,
    quartiles,
    shifted_geometric_mean,
)

INF, NAN = math.inf, math.nan


def test_par10_counts_what_was_not_solved_as_ten_limits():
    assert penalized_average(pd.Series([1.0, 3.0]), limit_s=10) == 2
    assert penalized_average(pd.Series([1.0, 3.0, INF]), limit_s=10) == pytest.approx(104 / 3)
    assert penalized_average(pd.Series([10.0, 10.1]), limit_s=10) == 55, "later than the limit is not solved"
    assert penalized_average(pd.Series([1.0, NAN]), limit_s=10) == 1
    assert penalized_average(pd.Series([INF]), limit_s=10, factor=2) == 20
    assert math.isnan(penalized_average(pd.Series([], dtype=float), limit_s=1))


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


@pytest.mark.parametrize("limit", [0, -1, INF, NAN])
def test_a_limit_has_to_be_a_positive_number(limit):
    with pytest.raises(InputError, match="the limit must be a positive number"):
        penalized_average(pd.Series([1.0]), limit_s=limit)


def test_the_shifted_geometric_mean_is_the_root_of_a_product():
    assert shifted_geometric_mean(pd.Series([1.0, 10.0, 100.0]), shift=0) == pytest.approx(10)
    assert shifted_geometric_mean(pd.Series([0.0, 30.0]), shift=10) == pytest.approx(math.sqrt(10 * 40) - 10)
    assert shifted_geometric_mean(pd.Series([0.0, 3.0]), shift=0) == 0
    assert shifted_geometric_mean(pd.Series([2.0, INF, NAN]), shift=1) == INF
    assert shifted_geometric_mean(pd.Series([7.0]), shift=10) == pytest.approx(7)
    assert math.isnan(shifted_geometric_mean(pd.Series([], dtype=float), shift=1))


@pytest.mark.parametrize(("values", "shift"), [([1.0], -1), ([-2.0], 1), ([1.0], INF)])
def test_a_shift_has_to_make_values_positive(values, shift):
    with pytest.raises(InputError, match="shifted geometric mean"):
        shifted_geometric_mean(pd.Series(values), shift=shift)


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


def test_the_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(1).exponential(size=40)
    got = bootstrap_interval(pd.Series(values), np.mean)
    other = bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2)).confidence_interval
    assert got[0] == values.mean()
    assert got[1:] == pytest.approx(tuple(other), rel=0.03)


@given(st.lists(st.integers(0, 5) | st.just(INF), min_size=1, max_size=8))
def test_a_bootstrap_of_censored_values_has_no_hole(values):
    estimate, low, high = bootstrap_interval(pd.Series(values, dtype=float), lambda v: v.max(), num_resamples=50)
    assert low <= high <= estimate == max(values)


def test_a_bootstrap_of_nothing_is_nothing():
    assert all(map(math.isnan, bootstrap_interval(pd.Series([NAN]), np.mean)))
