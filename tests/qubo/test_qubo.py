"""The canonical QUBO: order, energies, hashes, conversion."""

from __future__ import annotations

import math
from typing import Any

import dimod
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import all_bits, formulated, random_bits
from triplets import build, triplets

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.qubo import Qubo, make_qubo, qubo_from_bqm

small = st.integers(-3, 3)


def assert_canonical(qubo: Qubo) -> None:
    """Rows < cols, sorted, no pair twice, no coupling zero."""
    assert np.all(qubo.rows < qubo.cols)
    place = qubo.rows.astype(np.int64) * qubo.num_variables + qubo.cols
    assert np.all(np.diff(place) > 0)
    assert np.all(qubo.couplings != 0)
    assert qubo.rows.dtype == qubo.cols.dtype == np.int32
    assert qubo.linear.dtype == qubo.couplings.dtype == np.float64


@given(triplets())
def test_made_qubos_are_canonical(content: Any) -> None:
    assert_canonical(build(content))


@given(formulated())
def test_compiled_qubos_are_canonical(drawn: tuple[Problem, Formulation]) -> None:
    assert_canonical(compile_problem(*drawn).qubo)


def test_what_is_not_canonical_is_seen() -> None:
    one = np.ones(1)
    with pytest.raises(AssertionError):
        assert_canonical(Qubo(np.zeros(2), np.array([1], dtype=np.int32), np.array([0], dtype=np.int32), one))


@given(triplets())
def test_energies_follow_the_definition(content: Any) -> None:
    linear, couplings, offset = content
    bits = all_bits(len(linear))

    expected = [
        offset
        + sum(a * x for a, x in zip(linear, row, strict=True))
        + sum(v * row[i] * row[j] for i, j, v in couplings)
        for row in bits.tolist()
    ]

    assert build(content).energies(bits).tolist() == expected


SCALES = [1e-13, 1e-7, 0.1, 1 / 3, 1000000.1, 9.9e11]


@pytest.mark.parametrize("scale", SCALES)
def test_an_energy_is_the_same_in_every_batch(scale: float) -> None:
    random = np.random.default_rng(0)
    rows, cols = np.triu_indices(40, 1)
    qubo = make_qubo(scale * random.normal(size=40), rows, cols, scale * random.normal(size=len(rows)), scale / 7)
    bits = random_bits(50, 40)

    together = qubo.energies(bits)

    assert not qubo.adds_exactly
    assert together.tolist() == [qubo.energies(row[None])[0] for row in bits]
    expected = [
        math.fsum([qubo.offset, *qubo.linear[row > 0], *qubo.couplings[row[rows] & row[cols] > 0]]) for row in bits
    ]
    assert together == pytest.approx(expected, rel=0, abs=2.0**-47 * qubo.total)


@pytest.mark.parametrize("scale", SCALES)
def test_equal_energies_are_equal_numbers_and_others_are_not(scale: float) -> None:
    random = np.random.default_rng(1)
    rows, cols = np.triu_indices(12, 1)
    whole, pairs = random.integers(-3, 4, 12), random.integers(-3, 4, len(rows))
    exact = make_qubo(whole, rows, cols, pairs, 5).energies(all_bits(12))

    found = make_qubo(scale * whole, rows, cols, scale * pairs, scale * 5).energies(all_bits(12))

    assert np.array_equal(np.unique(found, return_inverse=True)[1], np.unique(exact, return_inverse=True)[1])


def test_a_coefficient_far_below_the_others_counts() -> None:
    """Half a unit in the last place of 2^53 is lost where numbers are added in one go."""
    qubo = build(([2.0**60, 2.0**-60, -(2.0**60)], [], 0.0))

    assert qubo._parts[0].total == 2.0**-60
    assert sum(part.energies([[1, 1, 1]])[0] for part in qubo._parts) == 2.0**-60


@given(formulated())
def test_energies_equal_those_of_dimod(drawn: tuple[Problem, Formulation]) -> None:
    qubo = compile_problem(*drawn).qubo
    bits = random_bits(10, qubo.num_variables)

    bqm = qubo.to_bqm()

    assert list(bqm.variables) == list(range(qubo.num_variables))
    assert bqm.vartype is dimod.BINARY
    assert np.array_equal(qubo.energies(bits), bqm.energies((bits, range(qubo.num_variables))))


@given(formulated())
def test_a_compiled_qubo_survives_the_way_to_dimod_and_back(drawn: tuple[Problem, Formulation]) -> None:
    qubo = compile_problem(*drawn).qubo

    assert qubo_from_bqm(qubo.to_bqm()) == qubo
    assert qubo_from_bqm(qubo.to_bqm().spin) == qubo


@given(triplets())
def test_a_made_qubo_survives_the_way_to_dimod_and_back(content: Any) -> None:
    qubo = build(content)

    assert qubo_from_bqm(qubo.to_bqm()).hash == qubo.hash


def test_a_model_over_other_variables_is_refused() -> None:
    with pytest.raises(InputError, match="variables must be the integers 0 to 1; relabel"):
        qubo_from_bqm(dimod.BinaryQuadraticModel({"a": 1, "b": 2}, {}, 0, dimod.BINARY))
    shuffled = dimod.BinaryQuadraticModel({1: 1.0, 0: 2.0}, {(1, 0): 3.0}, 0, dimod.BINARY)
    assert qubo_from_bqm(shuffled).linear.tolist() == [2, 1]


def test_pairs_that_occur_twice_are_added_and_zeros_vanish() -> None:
    qubo = make_qubo(np.zeros(3), np.array([1, 0, 2, 0]), np.array([0, 1, 1, 2]), np.array([1, 2, 4, 0]), 5)

    assert (qubo.rows.tolist(), qubo.cols.tolist(), qubo.couplings.tolist()) == ([0, 1], [1, 2], [3, 4])
    assert qubo.offset == 5


@given(triplets(), st.randoms(use_true_random=False))
def test_the_same_content_has_the_same_hash(content: Any, random: Any) -> None:
    linear, couplings, offset = content
    turned = [(j, i, v) for i, j, v in couplings]
    random.shuffle(turned)

    assert build((linear, turned, offset)).hash == build(content).hash
    assert build((linear, turned, offset)) == build(content)


@given(triplets())
def test_changed_content_has_another_hash(content: Any) -> None:
    linear, couplings, offset = content
    qubo = build(content)

    assert build(([linear[0] + 1, *linear[1:]], couplings, offset)).hash != qubo.hash
    assert build((linear, [*couplings, (0, 1, 1)], offset)).hash != qubo.hash
    assert build((linear, couplings, offset + 1)).hash != qubo.hash
    assert build(([linear[0] + 1, *linear[1:]], couplings, offset)).structure_hash == qubo.structure_hash


def test_whole_coefficients_are_recognized() -> None:
    couplings = (np.array([0]), np.array([1]), np.array([2.0]))
    assert make_qubo(np.zeros(2), *couplings, 1).is_integer
    assert not make_qubo(np.zeros(2), *couplings, 0.5).is_integer
    assert not make_qubo(np.array([0, 0.25]), *couplings, 1).is_integer


def test_the_dynamic_range_is_the_largest_coefficient_over_the_smallest() -> None:
    none = np.array([])
    pairs = none.astype(np.int32)
    assert Qubo(np.array([0.0, -6.0, 0.5]), pairs, pairs, none, 100.0).dynamic_range == 12
    one = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32), np.array([-0.25])
    assert Qubo(np.array([0.0, 2.0]), *one, 0.0).dynamic_range == 8
    assert Qubo(np.zeros(3), pairs, pairs, none, 1.0).dynamic_range is None


def test_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        build(([1, 2], [(0, 1, 3)], 0)).linear[0] = 7


@pytest.mark.parametrize("bits", [[0, 1], [[0, 1, 1]], [[]]])
def test_bits_of_a_wrong_shape_are_refused(bits: Any) -> None:
    with pytest.raises(InputError, match=r"bits must have shape \(k, 2\)"):
        build(([1, 2], [(0, 1, 3)], 0)).energies(bits)


@pytest.mark.parametrize("bits", [[[-1, 1]], [[0, 2]], [[0, 0.5]], [["0", "1"]]])
def test_values_other_than_bits_are_refused(bits: Any) -> None:
    with pytest.raises(InputError, match="bits must be 0 or 1"):
        build(([1, 2], [(0, 1, 3)], 0)).energies(bits)
