"""Grover search: the closed form against state vectors, and the number of oracle calls against theory."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers.grover import best_iterations, find_minimum, success

import bnnbench as bb


def amplified(marked: int, size: int, iterations: int) -> float:
    """Probability of a marked state, by state vectors: the oracle flips signs, the diffusion reflects at the mean."""
    state = np.full(size, size**-0.5)
    for _ in range(iterations):
        state[:marked] *= -1
        state = 2 * state.mean() - state
    return float((state[:marked] ** 2).sum())


@pytest.mark.parametrize("marked", [1, 2, 5, 31, 64])
@pytest.mark.parametrize("iterations", [0, 1, 2, 7, 20])
def test_the_closed_form_is_that_of_state_vectors(marked: int, iterations: int) -> None:
    assert success(marked, 64, iterations) == pytest.approx(amplified(marked, 64, iterations), abs=1e-12)


@pytest.mark.parametrize(("marked", "size"), [(1, 128), (4, 1 << 12), (1 << 9, 1 << 12), (1 << 12, 1 << 12)])
def test_no_other_number_of_iterations_before_the_first_fall_is_better(marked: int, size: int) -> None:
    best = best_iterations(marked, size)

    chances = [success(marked, size, iterations) for iterations in range(best + 1)]

    assert chances[best] == max(chances)
    assert chances[best] >= success(marked, size, best + 1) - 1e-12


def test_the_minimum_is_found_with_at_least_the_probability_of_the_theorem() -> None:
    losses = np.sort(np.random.default_rng(0).integers(0, 12, 1 << 10)).astype(float)
    losses[0] = -1.0
    random = np.random.default_rng(1)

    reads = [find_minimum(losses, random) for _ in range(400)]

    found = np.mean([losses[place] == -1.0 for place, _ in reads])
    assert found > 0.5  # Dürr and Høyer's bound; it is loose
    calls = np.mean([calls for _, calls in reads])
    assert calls < 1.2 * (22.5 * 2**5 + 1.4 * 10**2) + 2**5


def test_with_a_known_number_of_optima_reads_reach_the_optimum_as_often_as_the_closed_form_says() -> None:
    instance = bb.compile(bb.load_problem("parity", size=3), "reduced")
    truth = bb.ground_truth(instance.problem)
    expected = success(truth.num_optima, 1 << 12, best_iterations(truth.num_optima, 1 << 12))

    outcome = bb.run(instance, "grover[optima=known]", budget=bb.Budget(reads=2000), truth=truth)

    assert outcome.loss_successes / outcome.num_reads == pytest.approx(expected, abs=0.01)


def test_a_search_that_knows_nothing_reaches_the_optimum_of_a_perceptron() -> None:
    problem = bb.load_problem("random_data", widths=[9, 1], samples=8, seed=1)

    outcome = bb.run(
        bb.compile(problem, "reduced"), "grover", budget=bb.Budget(reads=50), truth=bb.ground_truth(problem)
    )

    assert outcome.loss_gap == 0
    assert outcome.loss_successes >= 25
