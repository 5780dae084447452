"""A QUBO without biases has the energies of the QUBO, twice each."""

from __future__ import annotations

import itertools

import dimod
import numpy as np
import pytest

from bnnbench.annealer.gauge_spin import without_biases, without_gauge_spin
from bnnbench.qubo.qubo import make_qubo


@pytest.mark.parametrize("seed", range(3))
def test_every_state_has_the_energy_of_the_bits_behind_it_and_no_spin_a_bias(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, cols = np.array(list(itertools.combinations(range(5), 2))).T
    qubo = make_qubo(random.integers(-3, 4, 5), rows, cols, random.integers(-3, 4, len(rows)), 0.5)
    states = np.array(list(itertools.product((0, 1), repeat=6)), dtype=np.int8)

    gauged = without_biases(qubo)

    spins = gauged.to_bqm().change_vartype(dimod.SPIN, inplace=False)
    assert np.abs(list(spins.linear.values())).max() < 1e-12
    assert gauged.energies(states) == pytest.approx(qubo.energies(without_gauge_spin(states)))
