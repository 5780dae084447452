"""A polynomial and its reduction have the same minimum, and interpolation is exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnbench.qubo.polynomial import (
    Polynomial,
    collected,
    interpolated,
    polynomial_of,
    reduced,
    with_products,
    wrong_products,
)
from bnnbench.qubo.qubo import all_energies, make_qubo


def states(n):
    """All rows of n bits; bit i of a row's number is variable i."""
    return (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.int8)


TABLES = st.lists(st.integers(-9, 9), min_size=16, max_size=16).map(lambda values: np.array(values, dtype=float))


@given(TABLES)
def test_interpolation_has_the_values_of_its_table(table):
    assert (interpolated(table).values(states(4)) == table).all()


@given(TABLES)
def test_a_reduction_keeps_every_value_and_goes_no_lower(table):
    polynomial = interpolated(table)
    strength = max(1.0, polynomial.swing)

    qubo, pairs = reduced(polynomial, strength)

    lifted = with_products(states(4), pairs)
    assert qubo.energies(lifted) == pytest.approx(table, abs=1e-9)
    energies = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
    assert energies.min() == pytest.approx(table.min(), abs=1e-9)
    assert not wrong_products(lifted, pairs).any()


def test_a_strength_that_is_too_small_lets_wrong_products_win():
    polynomial = collected(3, [((0, 1, 2), 4.0), *(((i,), -3.0) for i in range(3))])

    energies = []
    for strength in (0.5, polynomial.swing):
        qubo, pairs = reduced(polynomial, strength)
        every = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
        energies.append(every.min())
        is_wrong = wrong_products(states(qubo.num_variables)[every == every.min()], pairs).any()
        assert is_wrong == (strength < polynomial.swing)

    assert energies[0] < energies[1] == polynomial.values(states(3)).min()


def test_a_violated_product_costs_the_strength_at_least():
    qubo, pairs = reduced(collected(3, [((0, 1, 2), 1e-9)]), 7.0)
    every = states(qubo.num_variables)
    energies = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)

    assert energies[wrong_products(every, pairs) > 0].min() == pytest.approx(7.0)


def test_squares_of_spins_and_terms_that_cancel_are_gone():
    polynomial = collected(2, [((0, 0), 2.0), ((0, 1), 1.0), ((1, 0), -1.0)])

    assert dict(polynomial.terms) == {(): 2.0}


def test_a_qubo_is_a_polynomial_of_degree_two():
    random = np.random.default_rng(3)
    rows, cols = np.array(list(itertools.combinations(range(5), 2))).T
    qubo = make_qubo(random.integers(-3, 4, 5), rows, cols, random.integers(-3, 4, len(rows)), 1.5)

    polynomial = polynomial_of(qubo)

    assert polynomial.degree == 2
    assert (polynomial.values(states(5)) == qubo.energies(states(5))).all()


def test_a_reduction_does_not_depend_on_the_order_of_terms():
    terms = {(0, 1, 2): 1.0, (1, 2, 3): 2.0, (0, 1, 2, 3): -1.0}

    one = reduced(Polynomial(4, terms), 9.0)
    other = reduced(Polynomial(4, dict(reversed(terms.items()))), 9.0)

    assert one == other
