"""What an adapter costs above the bare call of its library, at runs of about a second.

Two runs of the same call differ by a fifth on a busy machine, so that comparing them shows nothing. What an adapter
adds is measured inside one run instead: its processor time outside the library's calls, and for each call but one what
the library spends before its first read, which one call for all reads would spend once.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import dimod
import numpy as np
import pytest

import bnnbench as bb

SEEDS = range(5)
SECONDS = 1.0
SOLVERS = ("simulated_annealing", "tabu", "path_integral", "steepest_descent")
LIMIT = 0.05
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
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    widths, samples = PROBLEMS[problem]
    instance = bb.compile(bb.load_problem("teacher", widths=widths, samples=samples), "soft")
    solver = bb.load_solver(name)
    assert isinstance(solver, bb.DimodSolver)
    (model, named), sampler = solver.prepare(instance), Clocked(solver.sampler())
    monkeypatch.setattr(type(solver), "sampler", lambda _self: sampler)

    def run(reads: int, seed: int) -> float:
        sampler.calls.clear()
        return seconds(lambda: list(solver.sample((model, named), seed=seed, budget=bb.Budget(reads=reads))))

    reads = 1
    while (took := run(reads, 0)) < SECONDS / 4:
        reads = max(reads + 1, int(reads * min(10.0, SECONDS / 2 / max(took, 1e-3))))
    reads = max(1, round(reads * SECONDS / took))
    for _ in range(20):
        sampler.sample(model, **(solver.keywords(1, 0) | named))
    one_read = min(sampler.calls[-20:])
    shares = []
    for seed in SEEDS:
        total = run(reads, seed)
        calls, inside = len(sampler.calls), sum(sampler.calls)
        set_up = max(0.0, one_read - inside / reads)
        added = total - inside + (calls - 1) * set_up
        shares.append(added / (total - added))
    with capsys.disabled():
        print(f"\n{name}, {problem}: {reads} reads in {calls} calls, adapter +{np.median(shares):.1%}")
    assert np.median(shares) <= LIMIT


class Clocked:
    """A sampler that notes the processor time of each of its calls, in seconds."""

    def __init__(self, sampler: dimod.Sampler) -> None:
        self._sampler = sampler
        self.calls: list[float] = []

    def sample(self, *args: Any, **keywords: Any) -> dimod.SampleSet:
        start = process_time()
        answer = self._sampler.sample(*args, **keywords)
        self.calls.append(process_time() - start)
        return answer
