"""The gap along an anneal: against dense spectra, and with degenerate optima."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import bnnbench as bb
from bnnbench.annealer.transverse_field import gap_curve, largest_coefficient, lowest_levels, num_ground_levels
from bnnbench.optimum.losses import all_losses
from bnnbench.qubo.qubo import all_energies


def hamiltonian(cost: NDArray[np.float64], s: float) -> NDArray[np.float64]:
    """H(s) as a dense matrix."""
    n = len(cost).bit_length() - 1
    states = np.arange(len(cost))
    matrix = np.diag(s / 2 * cost)
    for qubit in range(n):
        matrix[states, states ^ 1 << qubit] -= (1 - s) / 2
    return matrix


@pytest.mark.parametrize("s", [0.05, 0.3, 0.6, 0.9])
def test_levels_without_symmetry_are_those_of_the_dense_matrix(s: float) -> None:
    cost = np.random.default_rng(0).uniform(0, 3, 256)

    levels = lowest_levels(cost, s, 4, 1e-9)

    assert levels == pytest.approx(np.linalg.eigvalsh(hamiltonian(cost, s))[:4], abs=1e-7)


@pytest.mark.parametrize("s", [0.2, 0.5, 0.8])
def test_levels_of_another_symmetry_are_left_out(s: float) -> None:
    """A cost of the number of ones alone: the start stays in the n + 1 symmetric states."""
    n = 8
    ones = np.array([x.bit_count() for x in range(1 << n)])
    cost = np.abs(ones - 2.0)
    count = np.arange(n + 1)
    flips = np.sqrt((count[:-1] + 1) * (n - count[:-1]))  # ⟨k + 1|Σ X|k⟩ between symmetric states
    symmetric = np.diag(s / 2 * np.abs(count - 2.0)) - (1 - s) / 2 * (np.diag(flips, 1) + np.diag(flips, -1))

    levels = lowest_levels(cost, s, 3, 1e-9)

    assert levels == pytest.approx(np.linalg.eigvalsh(symmetric)[:3], abs=1e-7)


def test_the_gap_of_one_qubit_is_known() -> None:
    """H = −(1 − s)/2·X − s/2·Z: a gap of √((1 − s)² + s²), least at s = ½."""
    curve = gap_curve(np.array([0.0, 2.0]))

    assert curve.gaps == pytest.approx(np.hypot(1 - curve.fractions, curve.fractions), abs=1e-6)
    assert curve.minimum == pytest.approx(np.sqrt(0.5), abs=1e-5)
    assert curve.at == pytest.approx(0.5, abs=0.02)


def test_two_optima_that_no_symmetry_joins_are_two_ground_levels() -> None:
    """They merge at s = 1, where the gap between them would be taken for a hard problem."""
    cost = np.random.default_rng(3).uniform(1, 2, 64)
    cost[[5, 40]] = 0.0

    assert num_ground_levels(cost) == 2
    spectrum = np.linalg.eigvalsh(hamiltonian(cost / largest_coefficient(cost), 0.95))
    curve = gap_curve(cost)
    assert np.interp(0.95, curve.fractions, curve.gaps) == pytest.approx(spectrum[2] - spectrum[0], rel=0.1)
    assert curve.minimum > 10 * (spectrum[1] - spectrum[0])


def test_the_end_is_the_least_cost_above_the_optimum() -> None:
    """At s = 1 all levels that end as optima are one, so that Lanczos' method would count too few."""
    cost = np.random.default_rng(3).uniform(1, 2, 64)
    cost[[5, 40]] = 0.0
    cost[17] = 0.25

    curve = gap_curve(cost, num_points=5)

    assert curve.fractions[-1] == 1
    assert curve.gaps[-1] == pytest.approx(0.25 / 2 / largest_coefficient(cost))


def test_a_gap_that_is_least_inside_is_refined_there() -> None:
    """Two states that a cost separates by many flips: the later optimum is a local one of wide surroundings."""
    ones = np.array([x.bit_count() for x in range(256)])
    cost = np.where(ones == 8, -1.0, ones.astype(float))

    curve = gap_curve(cost, num_points=9)

    place = int(curve.gaps.argmin())
    assert 0 < place < len(curve.gaps) - 1
    assert np.diff(curve.fractions)[place - 1 : place + 1].max() < 0.05


@pytest.mark.parametrize(("rows", "seed", "levels"), [(4, 1, 3), (4, 2, 4), (5, 0, 4)])
def test_ground_levels_of_a_qubo_are_those_that_merge(rows: int, seed: int, levels: int) -> None:
    """At s = 0.99 a gap parts the coupled levels that merge, however alike their optima look to second order."""
    problem = bb.load_problem("distinct_rows", widths=[5, 1], load=rows / 5, labels="random", seed=seed)
    qubo = bb.compile(problem, "wells").qubo
    values = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
    cost = (values - values.min()) / largest_coefficient(values)
    energies, vectors = np.linalg.eigh(hamiltonian(cost, 0.99))
    is_new = np.append(True, np.diff(energies) > 1e-9)
    overlaps = np.bincount(np.cumsum(is_new) - 1, weights=vectors.sum(axis=0) ** 2 / len(cost))
    coupled = energies[is_new][overlaps > 1e-13]

    found = num_ground_levels(cost)

    assert found == levels
    assert coupled[found - 1] - coupled[0] < 0.25 * (coupled[found] - coupled[0])


def test_optima_that_differ_two_flips_away_are_two_ground_levels() -> None:
    """Their neighbors have the same costs, so that second-order perturbation theory takes them for one."""
    cost = np.full(64, 2.0)
    cost[[0b000000, 0b111111]] = 0.0
    cost[0b000011] = 1.0

    assert num_ground_levels(cost) == 2


def test_optima_that_are_turned_into_each_other_are_one_ground_level() -> None:
    cost = np.abs(np.array([x.bit_count() for x in range(64)]) - 3.0) ** 2

    assert num_ground_levels(cost) == 1


def test_the_gap_of_a_network_is_that_of_the_dense_matrix() -> None:
    losses = all_losses(bb.load_problem("random_data", widths=[7, 1], samples=8, seed=0))
    cost = (losses - losses.min()) / largest_coefficient(losses)
    ground = num_ground_levels(cost)

    curve = gap_curve(losses, num_points=9)

    for s, gap in zip(curve.fractions[:-1], curve.gaps[:-1], strict=True):
        energies, vectors = np.linalg.eigh(hamiltonian(cost, s))
        coupled = energies[vectors.sum(axis=0) ** 2 / len(cost) > 1e-12]
        assert gap == pytest.approx(coupled[ground] - coupled[0], abs=1e-4)
