"""What an adapter costs above the bare call of its library, at runs of about a second."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np
import pytest

import bnnbench as bb

SEEDS = range(5)
SECONDS = 1.0
SOLVERS = ("simulated_annealing", "tabu", "path_integral", "steepest_descent")
LIMIT = 1.05
"""Needs a quiet machine: where the same call repeats only within 20 %, a single run of this test decides nothing."""
PROBLEMS = {
    "3-3-1, 5 samples": ([3, 3, 1], 5),
    "7-3-1, 20 samples": ([7, 3, 1], 20),
    "7-7-1, 40 samples": ([7, 7, 1], 40),
}


def seconds(run: Callable[[], object]) -> float:
    """Processor time: what else the machine does is nobody's overhead."""
    start = process_time()
    run()
    return process_time() - start


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", SOLVERS)
def test_an_adapter_costs_at_most_5_percent_above_the_bare_call(
    capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    widths, samples = PROBLEMS[problem]
    instance = bb.compile(bb.load_problem("teacher", widths=widths, samples=samples), "soft")
    solver = bb.load_solver(name)
    assert isinstance(solver, bb.DimodSolver)
    (model, named), sampler = solver.prepare(instance), solver.sampler()

    def bare(reads: int, seed: int) -> float:
        # The seed of the adapter's first call: where that is the whole run, the work is the same.
        first = int(np.random.default_rng(seed).integers(2**31 - 1))
        return seconds(lambda: sampler.sample(model, **(solver.keywords(reads, first) | named)))

    def adapter(reads: int, seed: int) -> float:
        return seconds(lambda: list(solver.sample((model, named), seed=seed, budget=bb.Budget(reads=reads))))

    reads = 1
    while (took := bare(reads, 0)) < SECONDS / 4:
        reads = max(reads + 1, int(reads * min(10.0, SECONDS / 2 / max(took, 1e-3))))
    reads = max(1, round(reads * SECONDS / took))
    pairs = [(bare(reads, seed), adapter(reads, seed)) for seed in SEEDS]
    theirs, ours = (sum(column) for column in zip(*pairs, strict=True))
    with capsys.disabled():
        print(f"\n{name}, {problem}: {reads} reads, {theirs / len(SEEDS):.2f} s bare, adapter {ours / theirs - 1:+.1%}")
    assert ours <= LIMIT * theirs
