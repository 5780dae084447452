"""What an adapter costs above the bare call of its library, at runs of about a second."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np
import pytest

import bnnbench as bb

REPEATS = 5
SECONDS = 1.0
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
@pytest.mark.parametrize("name", ["simulated_annealing", "tabu", "path_integral", "steepest_descent"])
def test_an_adapter_costs_at_most_5_percent_above_the_bare_call(
    capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    widths, samples = PROBLEMS[problem]
    instance = bb.compile(bb.load_problem("teacher", widths=widths, samples=samples), "soft")
    solver = bb.load_solver(name)
    assert isinstance(solver, bb.DimodSolver)
    model, sampler = solver.prepare(instance), solver.sampler()

    first_seed = int(np.random.default_rng(1).integers(2**31 - 1))  # where one call is the whole run, it is the same

    def bare(reads: int) -> float:
        return seconds(lambda: sampler.sample(model, **solver.keywords(reads, first_seed)))

    def adapter(reads: int) -> float:
        return seconds(lambda: list(solver.sample(model, seed=1, budget=bb.Budget(reads=reads))))

    reads = 1
    while (took := bare(reads)) < SECONDS / 4:
        reads = max(reads + 1, int(reads * min(10.0, SECONDS / 2 / max(took, 1e-3))))
    reads = max(1, round(reads * SECONDS / took))
    pairs = [(bare(reads), adapter(reads)) for _ in range(REPEATS)]
    theirs, ours = (min(column) for column in zip(*pairs, strict=True))
    with capsys.disabled():
        print(
            f"\n{name}, {problem}: {reads} reads, bare {theirs:.3f} s, adapter {ours:.3f} s: {ours / theirs - 1:+.1%}"
        )
    assert ours <= 1.05 * theirs
