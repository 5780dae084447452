"""Profiles count what their formulas say."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnbench.errors import InputError
from bnnbench.metrics import performance_profile

INF, NAN = math.inf, math.nan
COSTS = st.lists(
    st.tuples(*[st.sampled_from([1.0, 2.0, 3.0, 8.0, INF, NAN])] * 3), min_size=1, max_size=6
).map(lambda rows: pd.DataFrame([*rows, (1.0, 1.0, 1.0)], columns=list("abc")))  # fmt: skip


def test_a_profile_by_hand():
    # Problem 1: b twice as slow as a; problem 2: a fails; problem 3: equal; problem 4: nobody.
    costs = pd.DataFrame({"a": [1.0, INF, 4.0, INF], "b": [2.0, 5.0, 4.0, INF]})
    profile = performance_profile(costs)
    assert profile.index.tolist() == [1, 2]
    assert profile.loc[1].tolist() == [0.5, 0.5]
    assert profile.loc[2].tolist() == [0.5, 0.75]


@given(COSTS)
def test_a_profile_is_the_count_of_its_definition(costs):
    profile = performance_profile(costs)
    for factor in profile.index:
        for name in costs:
            within = [c <= factor * min(x for x in row if not math.isnan(x)) < INF if not math.isnan(c) else False
                      for c, row in zip(costs[name], costs.to_numpy().tolist(), strict=True)]  # fmt: skip
            assert profile.loc[factor, name] == sum(within) / len(costs)


def test_a_solver_that_was_never_asked_has_no_curve():
    assert list(performance_profile(pd.DataFrame({"a": [1.0, NAN], "b": [NAN, NAN]}))) == ["a"]


def test_where_all_failed_there_is_no_step():
    assert performance_profile(pd.DataFrame({"a": [INF, INF]})).empty
    assert performance_profile(pd.DataFrame()).empty


@pytest.mark.parametrize("cost", [0.0, -1.0])
def test_a_cost_without_ratios_is_refused(cost):
    with pytest.raises(InputError, match=f"costs must be positive, but {cost:g} came"):
        performance_profile(pd.DataFrame({"a": [cost, 1.0]}))
