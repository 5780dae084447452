"""Parallel tempering samples Boltzmann's distribution at each of its temperatures, with and without cluster moves."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers._tempering import DENSE, make_walkers, spins_of, temper

import bnnbench as bb
from bnnbench.optimum.flip_anneal import seeded
from bnnbench.qubo.qubo import all_energies, make_qubo


def chain(n, seed=0):
    """A chain with random integer coefficients: two couplings per variable."""
    random = np.random.default_rng(seed)
    first = np.arange(n - 1)
    return make_qubo(random.integers(-3, 4, n), first, first + 1, random.integers(1, 4, n - 1), 0.5)


def complete(n, seed=0):
    """All pairs coupled."""
    random = np.random.default_rng(seed)
    rows, cols = np.triu_indices(n, 1)
    return make_qubo(random.integers(-3, 4, n), rows, cols, random.integers(1, 4, len(rows)), 0.5)


def energies_of(qubo):
    """Of all states; bit i of a state's number is variable i."""
    return all_energies(qubo.linear, qubo.symmetric(), qubo.offset)


@pytest.mark.parametrize("moves_clusters", [True, False])
def test_each_temperature_has_its_boltzmann_distribution(moves_clusters):
    qubo, betas = chain(12), np.array([0.2, 0.5, 1.0])
    model = spins_of(qubo)
    walkers = make_walkers(model, 2, 3, seeded(5))
    energies = energies_of(qubo)
    counts = np.zeros((3, len(energies)))

    for _ in range(4000):
        temper(model, walkers, betas, 20, moves_clusters)
        for k, walker in enumerate(walkers.places[0]):
            counts[k, (walkers.spins[walker] > 0) @ (1 << np.arange(12))] += 1

    for beta, count in zip(betas, counts, strict=True):
        chance = np.exp(-beta * (energies - energies.min()))
        chance /= chance.sum()
        mean, spread = chance @ energies, np.sqrt(chance @ energies**2 - (chance @ energies) ** 2)
        assert count @ energies / 4000 == pytest.approx(mean, abs=4 * spread / np.sqrt(4000))


@pytest.mark.parametrize("unit", [1.0, 0.1])
@pytest.mark.parametrize("make", [chain, complete])
def test_energies_and_fields_are_those_of_the_spins(make, unit):
    whole = make(20)
    qubo = make_qubo(unit * whole.linear, whole.rows, whole.cols, unit * whole.couplings, 0.5)
    model = spins_of(qubo)
    walkers = make_walkers(model, 2, 4, seeded(1))

    temper(model, walkers, np.geomspace(0.1, 2, 4), 50, moves_clusters=True)

    bits = (walkers.spins > 0).astype(np.int8)
    offset = qubo.energies(bits) - walkers.energies
    assert offset == pytest.approx(np.full(8, offset[0]), abs=1e-9)
    flipped = bits[0].copy()
    flipped[3] ^= 1
    change = qubo.energies(flipped[None]) - qubo.energies(bits[:1])
    assert change == pytest.approx(-2.0 * walkers.spins[0, 3] * walkers.fields[0, 3])
    assert walkers.least[0] <= walkers.energies.min() + 1e-9


@pytest.mark.parametrize(
    ("linear", "precision"), [([1.0, -2.5], "float32"), ([0.1, 1.0], "float64"), ([2.0**24, 1.0], "float64")]
)
def test_single_precision_is_used_only_where_sums_are_exact(linear, precision):
    none = np.zeros(0, dtype=np.int32)
    model = spins_of(make_qubo(np.array(linear), none, none, np.zeros(0), 0.0))

    assert model.biases.dtype == model.matrix.dtype == precision


def test_a_matrix_is_made_only_where_most_is_coupled():
    assert len(spins_of(complete(30)).matrix) == 30
    assert len(spins_of(chain(30)).matrix) == 0
    assert DENSE < 1


@pytest.mark.parametrize("qubo", [chain(16), complete(12)], ids=["chain", "complete"])
def test_a_read_is_the_best_of_its_run_and_counts_its_flips(qubo):
    solver = bb.load_solver("parallel_tempering", num_sweeps=60, num_temperatures=5)
    copies = 1 if len(spins_of(qubo).matrix) else 2

    (batch,) = solver.sample(solver.prepare(qubo), seed=0, budget=bb.Budget(reads=1))

    assert qubo.energies(batch.bits)[0] == energies_of(qubo).min()
    assert batch.evaluations == 60 * 5 * copies * qubo.num_variables
