"""Counts are exact, however large."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import optima_of
from strategies import random_problem

from bnnbench.optimum.prove import search
from bnnbench.optimum.search.counting import _is_prime, from_residues, primes_for
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.optimum.search.hidden_layer import HiddenLayer
from bnnbench.optimum.search.passes import Limits, Search
from bnnbench.optimum.search.space import arrangements, total_count


@given(st.integers(0, 400).flatmap(lambda bits: st.tuples(st.just(bits), st.integers(0, 2**bits))))
def test_a_number_comes_back_from_its_residues(drawn: tuple[int, int]) -> None:
    num_weights, number = drawn

    assert from_residues([number % int(prime) for prime in primes_for(num_weights)]) == number


def test_primes_are_the_largest_below_two_to_the_31() -> None:
    primes = primes_for(269)

    assert primes.tolist() == [2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549, 2147483543,
                               2147483497, 2147483489]  # fmt: skip
    assert all(math.prod(map(int, primes_for(weights))) > 2**weights for weights in range(1000))
    assert primes_for(3000).min() > 2**30


def test_primes_are_told_from_composite_numbers() -> None:
    sieve = np.ones(5000, dtype=bool)
    for factor in range(2, 71):
        sieve[2 * factor :: factor] = False
    assert [n for n in range(11, 5000, 2) if _is_prime(n)] == [n for n in np.flatnonzero(sieve).tolist() if n >= 11]
    assert not _is_prime(25_326_001)  # a strong pseudoprime to the bases 2, 3 and 5


@pytest.mark.parametrize("widths", [(9, 7, 1), (7, 9, 1), (3, 81, 1), (15, 5, 1, 1)])
def test_of_an_odd_network_half_of_all_settings_get_one_sample_right(widths: tuple[int, ...]) -> None:
    problem = random_problem(widths, 1)

    truth = search(problem, max_optima=1)

    assert truth.loss == 0
    assert truth.num_optima == 2 ** (problem.network.num_weights - 1) > 2**63


@pytest.mark.parametrize("widths", [(7, 9, 1), (7, 11, 1)])
def test_if_nothing_is_decided_every_setting_is_optimal(widths: tuple[int, ...]) -> None:
    problem = random_problem(widths, 1)
    inputs, targets = np.vstack([problem.inputs, -problem.inputs]), np.vstack([problem.targets, problem.targets])

    truth = search(type(problem)(problem.network, inputs, targets), max_optima=1)

    assert (truth.loss, truth.num_optima) == (1, 2**problem.network.num_weights)


@pytest.mark.parametrize("samples", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("widths", "bias"), [((3, 3, 1), False), ((2, 2, 1), True), ((3, 2, 2), False), ((1, 5, 1), False)]
)
def test_counting_completions_at_once_equals_counting_them_one_by_one(
    widths: tuple[int, ...], bias: bool, samples: int
) -> None:
    problem = random_problem(widths, samples, bias=bias, seed=samples)
    merged = distinct_samples(problem)
    space = HiddenLayer(merged)

    counts = []
    for cap in (0, 1, 2**problem.network.num_weights):
        result = Search(space, Limits(cap=cap)).minimize(merged.ceiling)
        counted = Search(space, Limits(cap=cap))._pass(result.loss, result.loss, counting=True)
        counts.append(total_count(space, counted, space.primes))

    assert counts == [len(optima_of(problem)[1])] * 3


def test_completions_of_a_larger_network_are_counted_as_one_by_one() -> None:
    problem = random_problem((5, 5, 1), 4)

    at_once = search(problem, max_optima=1)
    one_by_one = search(problem, max_optima=10**5)

    assert at_once.loss == one_by_one.loss
    assert at_once.num_optima == one_by_one.num_optima


@given(st.lists(st.integers(0, 2), max_size=5).map(sorted))
def test_arrangements_are_the_distinct_orders_of_a_multiset(chosen: list[int]) -> None:
    orders = [tuple(chosen[place] for place in places) for places in arrangements(chosen)]

    assert len(orders) == len(set(orders))
    assert set(orders) == set(itertools.permutations(chosen))
