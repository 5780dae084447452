"""Ranks, and how stable they are."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bnnbench.metrics import bootstrap_ranks, mean_ranks, rank_stability

INF, NAN = math.inf, math.nan


def test_ties_share_ranks_failures_are_last_and_refusals_behind_them():
    costs = pd.DataFrame({"a": [1.0, 1.0, 5.0], "b": [1.0, INF, 2.0], "c": [3.0, INF, NAN], "idle": [NAN] * 3})
    ranks = mean_ranks(costs)
    assert list(ranks.index) == ["a", "b", "c"]
    assert ranks.tolist() == pytest.approx([(1.5 + 1 + 2) / 3, (1.5 + 2.5 + 1) / 3, (3 + 2.5 + 3) / 3])


def test_the_ranks_of_the_published_example_are_its_own():
    """J. Demšar, 2006, table 6: C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on the first two of 14 data sets, by AUC."""
    auc = pd.DataFrame([[0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569]], columns=list("abcd"))
    assert mean_ranks(-auc).tolist() == [2.5, 2.5, 2.5, 2.5]


def test_a_solver_that_always_wins_always_has_its_place():
    costs = pd.DataFrame({"slow": [4.0] * 6, "first": [1.0] * 6, "mid": [2.0, 3.0, 2.0, 3.0, 2.0, 3.0]})
    table = bootstrap_ranks(costs, num_resamples=200)
    assert list(table.index) == ["first", "mid", "slow"]
    assert table["place"].tolist() == [1, 2, 3]
    assert table["stability"].tolist() == [1, 1, 1]
    assert (table["low"] == table["high"]).all()
    assert rank_stability(costs, num_resamples=50) == pytest.approx(1)


def test_a_place_that_one_problem_decides_is_not_stable():
    costs = pd.DataFrame({"a": [1.0] * 5 + [2.0] * 4, "b": [2.0] * 5 + [1.0] * 4})
    table = bootstrap_ranks(costs)
    assert table.loc["a", "place"] == 1
    # P(at least 5 of 9 draws with probability 5/9) = 0.635
    assert table.loc["a", "stability"] == pytest.approx(0.635, abs=0.05)
    assert table.loc["a", "low"] < table.loc["a", "mean_rank"] < table.loc["a", "high"]
    assert rank_stability(costs) == pytest.approx(2 * 0.635 - 1, abs=0.1)


def test_the_seed_decides():
    costs = pd.DataFrame({"a": [1.0, 3.0, 2.0], "b": [2.0, 1.0, 3.0]})
    assert bootstrap_ranks(costs).equals(bootstrap_ranks(costs))


def test_nothing_has_no_ranks():
    assert bootstrap_ranks(pd.DataFrame()).empty
    assert mean_ranks(pd.DataFrame()).empty
    assert math.isnan(rank_stability(pd.DataFrame({"a": [1.0]})))
    assert math.isnan(rank_stability(pd.DataFrame({"a": [1.0], "b": [1.0]})))
