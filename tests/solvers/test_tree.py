"""Elimination over a tree decomposition answers what is narrow, and refuses what is wide before it costs anything."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.errors import RefusedError
from bnnbench.qubo.qubo import Qubo, make_qubo


def ladder(n: int) -> Qubo:
    """2 n variables on a ladder, of treewidth 2."""
    random = np.random.default_rng(n)
    left = np.arange(2 * n - 2)
    rows, cols = np.concatenate([left, np.arange(0, 2 * n, 2)]), np.concatenate([left + 2, np.arange(1, 2 * n, 2)])
    return make_qubo(random.integers(-5, 6, 2 * n), rows, cols, random.integers(-5, 6, len(rows)), 3.0)


def test_a_long_ladder_is_solved_and_proved() -> None:
    qubo = ladder(200)
    tree, annealing = bb.as_sampler("tree"), bb.as_sampler("parallel_tempering", num_sweeps=300)

    answer = tree.sample(qubo.to_bqm())
    other = annealing.sample(qubo.to_bqm(), seed=0, num_reads=3)

    assert answer.info["lower_bound"] == answer.first.energy <= other.first.energy


@pytest.mark.parametrize(("alone", "reason"), [(0, "91 couplings of 14 variables"), (10, "treewidth of 13 was found")])
def test_what_is_too_wide_is_refused(alone: int, reason: str) -> None:
    """14 variables that are all coupled, and others that are not."""
    rows, cols = np.triu_indices(14, 1)
    qubo = make_qubo(np.zeros(14 + alone), rows, cols, np.ones(len(rows)), 0.0)

    with pytest.raises(RefusedError, match=reason):
        bb.as_sampler("tree", max_treewidth=12).sample(qubo.to_bqm())
