"""Exhaustive search: time per problem, after just-in-time compilation."""

from __future__ import annotations

import statistics
from time import perf_counter

import numpy as np
import pytest

from bnnbench.ground_truth.find import search
from bnnbench.network import Network
from bnnbench.problem import Problem


def random_problem(widths: tuple[int, ...], samples: int, seed: int) -> Problem:
    """Random data."""
    generator = np.random.default_rng(seed)
    inputs, targets = (generator.choice([-1, 1], (samples, width)) for width in (widths[0], widths[-1]))
    return Problem(Network(widths), inputs, targets)


def test_24_weights_and_20_samples_take_less_than_half_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    search(random_problem((3, 3, 1), 4, 0))  # just-in-time compilation

    seconds = []
    for seed in range(5):
        problem = random_problem((7, 3, 1), 20, seed)
        start = perf_counter()
        search(problem)
        seconds.append(perf_counter() - start)

    with capsys.disabled():
        print(f"\n7-3-1, 20 samples: median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s")
    assert max(seconds) < 0.5
