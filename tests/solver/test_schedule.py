"""The estimated schedule: its ends by their definition, over all states."""

from __future__ import annotations

import math

import numpy as np
import pytest
from strategies import all_bits

from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.schedule import estimated_beta_range


def test_a_typical_flip_of_a_random_state_is_accepted_half_of_the_time_at_the_start() -> None:
    random = np.random.default_rng(0)
    rows, cols = np.triu_indices(7, 1)
    qubo = Qubo(random.normal(size=7), rows, cols, random.normal(size=len(rows)), 0.0)
    bits = all_bits(7)
    changes = [qubo.energies(bits ^ np.eye(7, dtype=np.int8)[i]) - qubo.energies(bits) for i in range(7)]
    typical = np.median(np.sqrt(np.square(changes).mean(axis=1)))

    first, _ = estimated_beta_range(qubo)

    assert math.exp(-first * typical) == pytest.approx(0.5)


def test_a_single_typical_coefficient_decides_at_the_end() -> None:
    """Couplings of 4 in bits are 1 in spins, which a flip changes by 2."""
    rows = np.arange(20)
    qubo = Qubo(np.full(21, -2.0), rows, rows + 1, np.full(20, 4.0), 0.0)

    _, last = estimated_beta_range(qubo)

    assert math.exp(-2 * last) == pytest.approx(0.01)


def test_a_variable_without_coefficients_moves_no_schedule() -> None:
    qubo = Qubo(np.array([1.0, 2.0]), np.array([0]), np.array([1]), np.array([1.0]), 0.0)
    wider = Qubo(np.array([1.0, 2.0, 0, 0, 0]), qubo.rows, qubo.cols, qubo.couplings, 0.0)

    assert estimated_beta_range(wider) == estimated_beta_range(qubo)
