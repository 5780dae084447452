"""Coupled replicas: against exact thermal expectations of small networks, and the losses of their weights."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray
from strategies import random_problem

from bnnbench.optimum.flip_anneal import make_task
from bnnbench.optimum.losses import all_losses
from bnnbench.optimum.replica_anneal import anneal_replicas, center_schedule, ring_schedule
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.problem import Problem

SWEEPS = 100_000


def ring_expectation(losses: NDArray[np.float64], beta: float, field: float, num_slices: int) -> float:
    """Mean loss of a slice, from the transfer matrix exp(−βE/y)·exp(βΓ/y·Σ X) of the Suzuki–Trotter product."""
    n = len(losses).bit_length() - 1
    states = np.arange(len(losses))
    flips = np.zeros((len(losses), len(losses)))
    for qubit in range(n):
        flips[states, states ^ 1 << qubit] = 1
    step = np.diag(np.exp(-beta / num_slices * losses)) @ scipy.linalg.expm(beta * field / num_slices * flips)
    power = np.linalg.matrix_power(step, num_slices)
    return float(np.trace(np.diag(losses) @ power) / np.trace(power))


def center_expectation(losses: NDArray[np.float64], beta: float, strength: float, num_replicas: int) -> float:
    """Mean loss of a replica, from the sum over all centers: given the center, replicas are independent."""
    n = len(losses).bit_length() - 1
    spins = 2 * (np.arange(len(losses))[:, None] >> np.arange(n) & 1) - 1
    weights = np.exp(-beta * losses[None, :] + strength * spins @ spins.T)
    norm = weights.sum(axis=1)
    return float((norm**num_replicas * (weights @ losses / norm)).sum() / (norm**num_replicas).sum())


def mean_loss(problem: Problem, num_replicas: int, schedule) -> float:
    distinct = distinct_samples(problem)
    network = distinct.network
    _, _, means = anneal_replicas(
        make_task(distinct), network.widths, bias=network.bias, num_reads=1, num_replicas=num_replicas,
        schedule=schedule, seed=5,
    )  # fmt: skip
    return float((means[0, 1000:].mean() + distinct.base) * distinct.unit)


@pytest.mark.parametrize(
    ("widths", "bias", "field"),
    [((1, 1), False, 0.5), ((5, 1), False, 1.5), ((2, 2, 1), False, 0.5), ((3, 1), True, 1.5), ((2, 1, 2), False, 0.5),
     ((7, 1), True, 1.0), ((2, 2, 2), False, 1.0)],
)  # fmt: skip
def test_a_ring_samples_the_thermal_state_of_a_transverse_field(
    widths: tuple[int, ...], field: float, *, bias: bool
) -> None:
    problem = random_problem(widths, 6, bias=bias, seed=3)
    exact = ring_expectation(all_losses(problem), beta=1.5, field=field, num_slices=4)

    sampled = mean_loss(
        problem, 4, ring_schedule(4, 1.5, np.full(SWEEPS, field), float(distinct_samples(problem).errors))
    )

    assert sampled == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize(
    ("widths", "bias", "strength"),
    [((5, 1), False, 0.0), ((2, 2, 1), False, 0.4), ((3, 1), True, 0.4), ((2, 2, 2), False, 0.4)],
)
def test_a_center_samples_the_robust_ensemble(widths: tuple[int, ...], strength: float, *, bias: bool) -> None:
    problem = random_problem(widths, 6, bias=bias, seed=3)
    exact = center_expectation(all_losses(problem), beta=1.0, strength=strength, num_replicas=3)

    schedule = center_schedule(3, np.ones(SWEEPS), np.full(SWEEPS, strength), float(distinct_samples(problem).errors))

    assert mean_loss(problem, 3, schedule) == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize(("widths", "bias"), [((7, 1), False), ((5, 3, 1), False), ((4, 3, 2), True)])
def test_losses_are_those_of_the_weights(widths: tuple[int, ...], *, bias: bool) -> None:
    problem = random_problem(widths, 20, bias=bias, seed=1)
    distinct = distinct_samples(problem)
    schedule = ring_schedule(4, 5.0, np.linspace(2, 0.01, 20), float(distinct.errors))

    weights, losses, _ = anneal_replicas(
        make_task(distinct), distinct.network.widths, bias=bias, num_reads=3, num_replicas=4, schedule=schedule, seed=0
    )

    assert np.array_equal(problem.training_loss(weights), (losses + distinct.base) * distinct.unit)
