"""Paired comparisons, against published examples and full enumeration."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from bnnbench.errors import InputError
from bnnbench.metrics import compare_all, compare_pair, holm
from bnnbench.metrics.paired import effect_size, signed_rank_interval

INF, NAN = math.inf, math.nan

# J. Demšar, Journal of Machine Learning Research 7, 2006, table 2: AUC of C4.5 and C4.5+m on 14 data sets.
C45 = [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.940, 0.619, 0.972, 0.957]
C45_M = [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981, 0.978]


def test_the_published_example_has_its_statistic():
    got = compare_pair(pd.DataFrame({"c45": C45, "c45m": C45_M}), "c45", "c45m")
    assert (got["problems"], got["equal"], got["first_better"], got["second_better"]) == (14, 2, 10, 2)
    assert got["statistic"] == 12, "R+ = 93, R− = 12"
    assert got["p"] == pytest.approx(enumerated(np.round(np.array(C45) - C45_M, 3))), "exact"
    assert got["p"] == pytest.approx(math.erfc(2.54 / math.sqrt(2)), abs=4e-3), "z = −2.54 is near"


def enumerated(differences):
    """p of the statistic over all signs, by brute force."""
    ranks = rankdata(np.abs(differences))
    zeros = ranks[differences == 0].sum() / 2
    nonzero = ranks[differences != 0]

    def smaller(signs):
        plus = nonzero[np.array(signs) > 0].sum() + zeros
        return min(plus, ranks.sum() - plus)

    observed = smaller(np.sign(differences[differences != 0]))
    return np.mean([smaller(signs) <= observed + 1e-9 for signs in product([-1, 1], repeat=len(nonzero))])


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8).filter(any))
def test_few_problems_are_compared_exactly_whatever_is_tied(differences):
    costs = pd.DataFrame({"a": np.array(differences, dtype=float), "b": 0.0})
    assert compare_pair(costs, "a", "b")["p"] == pytest.approx(min(1.0, enumerated(np.array(differences))))


def test_many_problems_are_compared_as_scipy_does():
    rng = np.random.default_rng(3)
    costs = pd.DataFrame({"a": rng.random(150), "b": rng.random(150) + 0.08})
    expected = wilcoxon(costs["a"], costs["b"], method="asymptotic")
    assert compare_pair(costs, "a", "b")["p"] == pytest.approx(expected.pvalue)
    few = costs[:80]
    assert compare_pair(few, "a", "b")["p"] == pytest.approx(wilcoxon(few["a"], few["b"], method="exact").pvalue)


def test_a_solver_that_fails_alone_is_the_worst_and_one_that_fails_too_is_equal():
    costs = pd.DataFrame({"a": [1.0, 2.0, 3.0, INF, 1.0], "b": [2.0, 1.0, INF, INF, NAN]})
    got = compare_pair(costs, "a", "b")
    assert (got["problems"], got["first_better"], got["second_better"], got["equal"]) == (4, 2, 1, 1)
    finite = compare_pair(costs.replace(INF, 99.0), "a", "b")
    assert got["statistic"] == finite["statistic"]


def test_nothing_that_differs_is_no_evidence():
    assert compare_pair(pd.DataFrame({"a": [1.0, INF], "b": [1.0, INF]}), "a", "b")["p"] == 1
    got = compare_pair(pd.DataFrame({"a": [NAN], "b": [1.0]}), "a", "b")
    assert got["problems"] == 0
    assert math.isnan(got["p"])


def test_differences_of_rounding_are_none():
    assert compare_pair(pd.DataFrame({"a": [0.1 + 0.2], "b": [0.3]}), "a", "b")["equal"] == 1


def test_an_unknown_solver_is_a_sentence():
    with pytest.raises(InputError, match="no solver 'x'; there are a, b"):
        compare_pair(pd.DataFrame({"a": [1.0], "b": [2.0]}), "a", "x")


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        # S. Holm's method as R's p.adjust documents it.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.01, NAN, 0.02], [0.02, NAN, 0.02]),
        ([], []),
    ],
)
def test_holm_corrects_step_by_step(p, corrected):
    np.testing.assert_allclose(holm(pd.Series(p, dtype=float)), corrected)


def test_all_pairs_are_corrected_together():
    rng = np.random.default_rng(0)
    base = rng.random(12)
    costs = pd.DataFrame({"a": base, "b": base + 1, "c": base + rng.random(12) - 0.5, "idle": NAN})
    pairs = compare_all(costs)
    assert pairs[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert pairs["p_holm"].tolist() == holm(pairs["p"]).tolist()
    assert (pairs["p_holm"] >= pairs["p"]).all()
    assert compare_all(pd.DataFrame()).empty


def test_an_effect_is_the_middle_of_pairs_and_its_interval_ends_where_the_test_rejects():
    differences = np.random.default_rng(3).normal(0.5, 1, 12)
    value, low, high = signed_rank_interval(differences)

    averages = sorted((a + b) / 2 for i, a in enumerate(differences) for b in differences[i:])
    assert value == pytest.approx(np.median(averages))
    for end, inside in ((low, 1e-6), (high, -1e-6)):
        rejected, kept = (wilcoxon(differences - end + step).pvalue for step in (inside, -inside))
        assert rejected < 0.05 < kept or kept < 0.05 < rejected


def test_an_effect_is_a_factor_or_a_difference_and_a_failure_alone_is_infinite():
    costs = pd.DataFrame({"a": [2.0, 4.0, 8.0, 2.0, 4.0, 8.0], "b": [1.0, 2.0, 4.0, 1.0, 2.0, 4.0]})

    assert effect_size(costs, "a", "b", is_ratio=True) == pytest.approx((2, 2, 2))
    assert effect_size(costs, "a", "b", is_ratio=False)[0] == pytest.approx(2.5)
    failed = costs.assign(a=[math.inf] * 4 + [math.nan, 1.0])
    assert effect_size(failed, "a", "b", is_ratio=True)[0] == math.inf
    assert effect_size(failed.assign(b=math.inf), "a", "b", is_ratio=True)[0] == 1
