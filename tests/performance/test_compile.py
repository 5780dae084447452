"""Compiling: how much faster tiling is than one expression of all samples, how it grows, how much memory it takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
from whole_expression import whole_expression

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


def random_problem(widths: tuple[int, ...], samples: int) -> Problem:
    """Random data."""
    generator = np.random.default_rng(0)
    inputs, targets = (generator.choice([-1, 1], (samples, width)) for width in (widths[0], widths[-1]))
    return Problem(Network(widths), inputs, targets)


def median_s(call: Callable[[], object], repetitions: int) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(repetitions):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return statistics.median(seconds)


def test_tiling_is_at_least_fifty_times_faster_than_the_whole_expression(capsys: pytest.CaptureFixture[str]) -> None:
    problem = random_problem((15, 7, 7, 1), 200)
    instance = compile_problem(problem)  # the template is compiled once, here

    tiled_s = median_s(lambda: compile_problem(problem), 5)
    whole_s = median_s(lambda: whole_expression(instance).compile(), 2)

    with capsys.disabled():
        print(f"\n15-7-7-1, 200 samples: {tiled_s:.4f} s tiled, {whole_s:.2f} s whole, {whole_s / tiled_s:.0f} times")
    assert whole_s / tiled_s >= 50


def test_time_is_linear_in_the_number_of_samples(capsys: pytest.CaptureFixture[str]) -> None:
    few, many = random_problem((15, 7, 7, 1), 400), random_problem((15, 7, 7, 1), 1600)
    compile_problem(few)

    few_s = median_s(lambda: compile_problem(few), 5)
    many_s = median_s(lambda: compile_problem(many), 5)

    with capsys.disabled():
        print(f"\n15-7-7-1: {few_s:.4f} s for 400 samples, {many_s:.4f} s for 1600, {many_s / few_s:.1f} times")
    assert 2 < many_s / few_s < 8


MEMORY = """
import resource, sys, time
import numpy as np
from bnnbench.plugins.compiling import compile
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

spins = np.random.default_rng(0).choice([-1, 1], (1000, 32))
start = time.perf_counter()
instance = compile(Problem(Network((31, 15, 1)), spins[:, :31], spins[:, 31:]))
seconds = time.perf_counter() - start
if sys.platform == "linux":
    # Not ru_maxrss: it survives exec, so that it would be at least what the process of the tests has taken.
    peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(peak, instance.qubo.num_couplings, seconds)
"""


def test_a_large_instance_needs_less_than_a_gigabyte(capsys: pytest.CaptureFixture[str]) -> None:
    answer = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True).stdout.split()
    peak, couplings, seconds = int(answer[0]), int(answer[1]), float(answer[2])

    with capsys.disabled():
        print(f"\n31-15-1, 1,000 samples: {couplings:,} couplings, {seconds:.2f} s, peak {peak / 1e9:.2f} GB")
    assert couplings > 3_000_000
    assert peak < 1e9
