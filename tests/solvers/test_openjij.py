"""OpenJij, where it is installed: what its samplers would do wrong if they were left to themselves."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.qubo.qubo import make_qubo

SOLVERS = ("openjij", "openjij_sqa")
pytestmark = pytest.mark.skipif(bool(bb.load_solver("openjij").unavailable()), reason="openjij is not installed")


@pytest.mark.parametrize("name", SOLVERS)
def test_reads_of_one_run_differ(name):
    """The library gives the same read again and again if one call with a seed asks for many."""
    n = 30
    rows, cols = np.triu_indices(n, 1)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(rows))
    qubo = make_qubo(np.zeros(n), rows, cols, signs, 0.0)
    solver = bb.load_solver(name, num_sweeps=2)

    batches = solver.sample(solver.prepare(qubo), seed=0, budget=bb.Budget(reads=10))

    assert len(np.unique(np.vstack([batch.bits for batch in batches]), axis=0)) > 5


@pytest.mark.parametrize("name", SOLVERS)
def test_a_planted_network_is_found(name):
    instance = bb.compile(bb.load_problem("teacher", widths=[3, 3, 1], samples=5), "soft")

    outcome = bb.run(instance, bb.load_solver(name), budget=bb.Budget(reads=50, seconds=20))

    assert outcome.loss_gap == 0


def test_a_schedule_that_ends_hot_is_worse():
    instance = bb.compile(bb.load_problem("teacher", widths=[7, 3, 1], samples=20), "reduced")

    hot, cold = (
        bb.run(instance, bb.load_solver("openjij", beta_max=beta, beta_min=0.01), budget=bb.Budget(reads=10)).energy
        for beta in (0.1, 10.0)
    )

    assert cold < hot
