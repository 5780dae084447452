"""Simulated bifurcation: its steps term by term, ground states of small models, and seeds."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers._bifurcation import START, Oscillators

import bnnbench as bb
from bnnbench.qubo.qubo import Qubo, all_energies, make_qubo


def random_qubo(n: int, seed: int = 0) -> Qubo:
    generator = np.random.default_rng(seed)
    rows, cols = np.triu_indices(n, 1)
    return make_qubo(generator.normal(size=n), rows, cols, generator.normal(size=len(rows)), 1.0)


def naive(qubo: Qubo, num_steps: int, time_step: float, random: np.random.Generator, *, discrete: bool) -> np.ndarray:
    """One start after dimod's conversion to spins, in double precision."""
    n = qubo.num_variables
    h, j, _ = qubo.to_bqm().to_ising()
    couplings = np.zeros((n, n))
    for (a, b), value in j.items():
        couplings[a, b] = couplings[b, a] = value
    fields = np.array([h[i] for i in range(n)])
    scale = 0.5 / np.sqrt(((couplings**2).sum() + (fields**2).sum()) / n)
    x, y = random.uniform(-START, START, (2, n, 1))[..., 0]
    for step in range(num_steps):
        seen = np.where(x > 0, 1.0, -1.0) if discrete else x
        y = y - time_step * ((1 - step / num_steps) * x + scale * (fields + couplings @ seen))
        x = x + time_step * y
        y[abs(x) > 1] = 0
        x = x.clip(-1, 1)
    return (x > 0).astype(np.int8)


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_start_settles_where_the_equations_of_motion_lead(discrete: bool, seed: int) -> None:
    qubo = random_qubo(8)

    found = Oscillators(qubo).settle(1, 100, 0.5, np.random.default_rng(seed), discrete=discrete)

    assert found[0].tolist() == naive(qubo, 100, 0.5, np.random.default_rng(seed), discrete=discrete).tolist()


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_minimum_of_twelve_bits_is_found(discrete: bool, seed: int) -> None:
    qubo = random_qubo(12, seed)

    bits = Oscillators(qubo).settle(100, 200, 1.0, np.random.default_rng(0), discrete=discrete)

    minimum = all_energies(qubo.linear, qubo.symmetric(), qubo.offset).min()
    assert qubo.energies(bits).min() == pytest.approx(minimum)


def test_a_batch_of_a_large_qubo_holds_fewer_reads() -> None:
    solver = bb.load_solver("simulated_bifurcation", num_steps=50_000)

    batch = next(solver.sample(solver.prepare(random_qubo(50)), seed=0, budget=bb.Budget(seconds=1)))

    assert 1 <= len(batch.bits) < solver.batch_reads
