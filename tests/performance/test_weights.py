"""Kernels over weights, in processor time: flips per second against a plain loop, margins, proofs of perceptrons."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import process_time

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

import bnnbench as bb
from bnnbench.optimum.prove import search
from bnnbench.optimum.weight_anneal import COLD, HOT, WeightAnnealer
from bnnbench.solver.ready import make_ready


@numba.njit
def plain_single(x: NDArray[np.int16], y: NDArray[np.int16], temperatures: NDArray[np.float64]) -> int:
    """Anneal one neuron with incremental pre-activations: x is (inputs, samples), y is (samples,)."""
    weights = np.where(np.random.random(len(x)) < 0.5, 1, -1).astype(np.int16)  # noqa: NPY002  compiled
    z = np.zeros(len(y), np.int16)
    for i in range(len(x)):
        for n in range(len(y)):
            z[n] += weights[i] * x[i, n]
    loss = 0
    for n in range(len(y)):
        loss += (z[n] >= 0) != (y[n] > 0)
    for temperature in temperatures:
        for i in range(len(x)):
            step = np.int16(2 * weights[i])
            proposed = 0
            for n in range(len(y)):
                proposed += (z[n] - step * x[i, n] >= 0) != (y[n] > 0)
            if proposed <= loss or np.random.random() < np.exp((loss - proposed) / temperature):  # noqa: NPY002
                for n in range(len(y)):
                    z[n] -= step * x[i, n]
                weights[i] = -weights[i]
                loss = proposed
    return loss


@numba.njit
def plain_committee(
    x: NDArray[np.int16], y: NDArray[np.int16], num_hidden: int, temperatures: NDArray[np.float64]
) -> int:
    """Anneal one hidden layer with incremental pre-activations, hidden weights alone."""
    weights = np.where(np.random.random((num_hidden, len(x))) < 0.5, 1, -1).astype(np.int16)  # noqa: NPY002  compiled
    z = np.zeros((num_hidden, len(y)), np.int16)
    total = np.zeros(len(y), np.int16)
    for j in range(num_hidden):
        for n in range(len(y)):
            for i in range(len(x)):
                z[j, n] += weights[j, i] * x[i, n]
            total[n] += 1 if z[j, n] >= 0 else -1
    loss = 0
    for n in range(len(y)):
        loss += (total[n] >= 0) != (y[n] > 0)
    for temperature in temperatures:
        for j in range(num_hidden):
            for i in range(len(x)):
                step = np.int16(2 * weights[j, i])
                proposed = 0
                for n in range(len(y)):
                    before, after = z[j, n] >= 0, z[j, n] - step * x[i, n] >= 0
                    proposed += (total[n] + 2 * (np.int16(after) - np.int16(before)) >= 0) != (y[n] > 0)
                if proposed <= loss or np.random.random() < np.exp((loss - proposed) / temperature):  # noqa: NPY002
                    for n in range(len(y)):
                        before = z[j, n] >= 0
                        z[j, n] -= step * x[i, n]
                        total[n] += 2 * (np.int16(z[j, n] >= 0) - np.int16(before))
                    weights[j, i] = -weights[j, i]
                    loss = proposed
    return loss


def rate(call: Callable[[], object], flips: int) -> float:
    """Median of flips per second, over several calls after a first one."""
    call()
    seconds = []
    for _ in range(5):
        start = process_time()
        call()
        seconds.append(process_time() - start)
    return flips / statistics.median(seconds)


@pytest.mark.parametrize(
    ("widths", "samples", "goal"), [((101, 1), 130, 30e6), ((31, 9, 1), 250, 17e6), ((7, 7, 1), 40, 36e6)]
)
def test_flips_are_at_the_limit(
    capsys: pytest.CaptureFixture[str], widths: tuple[int, ...], samples: int, goal: float
) -> None:
    problem = bb.load_problem("random_data", widths=list(widths), samples=samples, seed=1)
    annealer, sweeps = WeightAnnealer(problem), 2000
    x, y = np.ascontiguousarray(problem.inputs.T).astype(np.int16), problem.targets[:, 0].astype(np.int16)
    temperatures = np.geomspace(HOT, COLD, sweeps)

    ours = rate(lambda: annealer.anneal(4, sweeps, 0), 4 * sweeps * problem.network.num_weights)
    if len(widths) == 2:
        plain = rate(lambda: plain_single(x, y, temperatures), sweeps * widths[0])
    else:
        plain = rate(lambda: plain_committee(x, y, widths[1], temperatures), sweeps * widths[0] * widths[1])

    with capsys.disabled():
        print(f"\n{problem.network}, N = {samples}: {ours / 1e6:.1f} M flips/s, plain loop {plain / 1e6:.1f}, ratio "
              f"{ours / plain:.1f}, goal {goal / 1e6:.0f}")  # fmt: skip
    assert ours >= goal
    assert ours >= 2 * plain


@pytest.mark.parametrize(("inputs", "samples", "limit_s"), [(101, 130, 0.2), (201, 320, 2.0)])
def test_margins_solve_planted_perceptrons(
    capsys: pytest.CaptureFixture[str], inputs: int, samples: int, limit_s: float
) -> None:
    """Processor seconds until a read is optimal, over 20 instances, each with defaults."""
    solver = bb.load_solver("weight_search", cost="margin")
    make_ready(solver, bb.Network((inputs, 1)))
    seconds = []
    for seed in range(20):
        problem = bb.load_problem("teacher", widths=[inputs, 1], samples=samples, seed=1000 + seed)
        stream = solver.sample(solver.prepare(bb.compile(problem, "reduced")), seed=seed, budget=bb.Budget(seconds=10))
        start = process_time()
        for batch in stream:
            weights = 2 * batch.bits[:, :inputs] - 1
            if problem.training_loss(weights).min() == 0 or process_time() - start > 10:
                break
        seconds.append(process_time() - start)
    with capsys.disabled():
        print(f"\n{inputs}-1, N = {samples}: median {statistics.median(seconds):.3f} s, longest {max(seconds):.2f} s")
    assert statistics.median(seconds) <= limit_s


@pytest.mark.parametrize(("inputs", "samples", "limit_s"), [(31, 40, 2.0), (41, 34, 60.0)])
def test_perceptrons_are_proved(capsys: pytest.CaptureFixture[str], inputs: int, samples: int, limit_s: float) -> None:
    seconds = []
    for seed in range(5):
        problem = bb.load_problem("random_data", widths=[inputs, 1], samples=samples, seed=seed)
        start = process_time()
        truth = search(problem, count=False)
        seconds.append(process_time() - start)
        assert truth.kind == "exhaustive"
    with capsys.disabled():
        print(f"\n{inputs}-1, N = {samples}, random labels: proved in {[round(s, 2) for s in seconds]} processor s")
    assert statistics.median(seconds) <= limit_s


def test_cpsat_without_hint_is_20_times_slower_on_a_perceptron(capsys: pytest.CaptureFixture[str]) -> None:
    """Wall time of both with two workers, in one run."""
    from time import perf_counter

    problem = bb.load_problem("random_data", widths=[31, 1], samples=40, seed=4)
    start = perf_counter()
    search(problem, count=False, threads=2)
    ours = perf_counter() - start
    solver = bb.load_solver("cpsat_network", num_workers=2)
    start = perf_counter()
    outcome = bb.run(bb.compile(problem, "reduced"), solver, budget=bb.Budget(seconds=max(20.0, 21 * ours)))
    theirs = perf_counter() - start
    with capsys.disabled():
        print(f"\n31-1, N = 40: {ours:.2f} s; cpsat_network {theirs:.1f} s, proved: {outcome.proved}")
    assert theirs >= 20 * ours


@pytest.mark.parametrize("solver", ["weight_sqa", "weight_replicas"])
def test_a_replica_makes_at_least_half_of_the_flips(capsys: pytest.CaptureFixture[str], solver: str) -> None:
    problem = bb.load_problem("random_data", widths=[101, 1], samples=130, seed=1)
    annealer = WeightAnnealer(problem)
    single = rate(lambda: annealer.anneal(4, 1000, 0), 4 * 1000 * 101)
    adapter = bb.load_solver(solver, num_sweeps=1000)
    prepared = adapter.prepare(bb.compile(problem, "reduced"))
    flips = 1000 * 101 * adapter.num_replicas
    coupled = rate(lambda: next(iter(adapter.sample(prepared, seed=0, budget=bb.Budget(reads=1)))), flips)
    with capsys.disabled():
        print(f"\n{solver}, 101-1, N = 130: {coupled / 1e6:.1f} M flips/s, weight_search {single / 1e6:.1f}")
    assert coupled >= single / 2


@pytest.mark.parametrize("inputs", [1001, 10001])
@pytest.mark.parametrize("scheme", ["focusing", "reinforced"])
def test_large_perceptrons_are_learned_by_messages(
    capsys: pytest.CaptureFixture[str], inputs: int, scheme: str
) -> None:
    """Processor seconds of one read with random labels at α = 0.5, on the samples, without compiling a QUBO."""
    from bnnbench.optimum.message_passing import begin, committee_samples, make_beliefs, polarize
    from bnnbench.optimum.search.distinct_samples import distinct_samples

    solver = bb.load_solver("message_passing", scheme=scheme)
    solver.warm_up()
    seconds, errors = [], []
    for seed in range(3):
        problem = bb.load_problem("random_data", widths=[inputs, 1], samples=inputs // 2, seed=seed)
        start = process_time()
        samples = committee_samples(distinct_samples(problem), 0, np.inf)
        beliefs = make_beliefs(samples, 1)
        begin(beliefs, np.random.default_rng(seed), solver.spread)
        best = np.empty((1, inputs), dtype=np.int8)
        polarize(samples, beliefs, solver.damping, solver.pulls(), best)
        seconds.append(process_time() - start)
        errors.append(float(problem.training_loss(best)[0]))
    with capsys.disabled():
        print(
            f"\n{scheme}, {inputs}-1, N = {inputs // 2}: {[round(s, 2) for s in seconds]} processor s, {errors} errors"
        )
    assert errors == [0, 0, 0]
    assert statistics.median(seconds) <= 10


@pytest.mark.parametrize("inputs", [1001, 10001])
def test_large_perceptrons_are_learned_by_sbpi(capsys: pytest.CaptureFixture[str], inputs: int) -> None:
    """Processor seconds of one read with random labels at α = 0.5, merging of samples included."""
    from bnnbench_solvers._sbpi import make_patterns

    from bnnbench.optimum.search.distinct_samples import distinct_samples

    solver = bb.load_solver("sbpi")
    solver.warm_up()
    seconds, errors = [], []
    for seed in range(3):
        problem = bb.load_problem("random_data", widths=[inputs, 1], samples=inputs // 2, seed=seed)
        start = process_time()
        weights, _ = solver.read(make_patterns(distinct_samples(problem)), problem.network, np.random.default_rng(seed))
        seconds.append(process_time() - start)
        errors.append(float(problem.training_loss(weights)))
    with capsys.disabled():
        print(f"\nsbpi, {inputs}-1, N = {inputs // 2}: {[round(s, 3) for s in seconds]} processor s, {errors} errors")
    assert errors == [0, 0, 0]
    assert statistics.median(seconds) <= 10
