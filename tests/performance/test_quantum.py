"""Simulators of quantum algorithms, as ratios within one run."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import process_time

import numpy as np
import pytest
import scipy.sparse
from bnnbench_solvers._schroedinger import anneal, read_schedule
from bnnbench_solvers._statevector import Simulator
from scipy.sparse.linalg import expm_multiply

import bnnbench as bb
from bnnbench.annealer.transverse_field import largest_coefficient
from bnnbench.optimum.losses import all_losses


def seconds_of(call: Callable[[], object], times: int = 7) -> float:
    """Median of processor seconds, after a first call."""
    call()
    seconds = []
    for _ in range(times):
        start = process_time()
        call()
        seconds.append(process_time() - start)
    return statistics.median(seconds)


@pytest.mark.parametrize("single", [False, True])
def test_a_gradient_costs_at_most_four_evaluations(capsys: pytest.CaptureFixture[str], single: bool) -> None:
    values = np.random.default_rng(0).integers(0, 40, 2**20).astype(float)
    simulator = Simulator(values, float(values.std()), single=single)
    gammas, betas = np.array([0.3, 0.5]), np.array([-0.4, -0.2])

    evaluation = seconds_of(lambda: (simulator.run(gammas, betas), simulator.value()))
    gradient = seconds_of(lambda: simulator.gradient(gammas, betas))

    with capsys.disabled():
        print(f"\n20 qubits, p = 2, {'single' if single else 'double'}: evaluation {1000 * evaluation:.0f} ms, "
              f"gradient of 4 angles {gradient / evaluation:.1f} evaluations")  # fmt: skip
    assert gradient <= 4 * evaluation


def test_annealing_16_qubits_is_20_times_faster_than_sparse_exponentials(capsys: pytest.CaptureFixture[str]) -> None:
    """Both with 1,000 steps of a linear anneal; the error is that of the step, which they share."""
    losses = all_losses(bb.load_problem("random_data", widths=[16, 1], samples=12, seed=0))
    unit, time_ns, steps = largest_coefficient(losses), 10.0, 1000
    simulator = Simulator(losses, unit)
    ours = seconds_of(lambda: anneal(simulator, read_schedule("linear", 1.0), time_ns, steps), times=3)

    states = np.arange(2**16)
    rows = np.concatenate([states] * 16)
    cols = np.concatenate([states ^ 1 << qubit for qubit in range(16)])
    field = scipy.sparse.csr_array((np.ones(len(rows)), (rows, cols)))
    cost = scipy.sparse.diags_array(losses / unit).tocsr()
    state = np.full(2**16, 2**-8, dtype=complex)
    few = 10  # of the 1,000 steps
    start = process_time()
    for s in (np.arange(few) + 0.5) / steps:
        state = expm_multiply(-2j * np.pi * time_ns / steps * (s / 2 * cost - (1 - s) / 2 * field), state)
    theirs = (process_time() - start) * steps / few

    with capsys.disabled():
        print(f"\n16 qubits, 1,000 steps: {ours:.2f} s, sparse exponentials {theirs:.0f} s, ratio {theirs / ours:.0f}")
    assert ours <= 5
    assert theirs >= 20 * ours
