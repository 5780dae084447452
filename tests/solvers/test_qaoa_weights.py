"""QAOA on the weights: more layers are better, angles transfer, and nothing of the training is a read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bnnbench_solvers._qaoa import interpolate, ramp

import bnnbench as bb
from bnnbench.optimum.losses import all_losses


def expectation_above_optimum(problem: bb.Problem, solver: str) -> float:
    outcome = bb.run(bb.compile(problem, "reduced"), solver, budget=bb.Budget(reads=10))
    return outcome.facts["expectation"] - bb.ground_truth(problem).loss


@pytest.mark.parametrize("widths", [(3, 2, 1), (2, 2, 2, 1), (4, 2)])
def test_the_diagonal_has_the_loss_of_every_setting(widths: tuple[int, ...]) -> None:
    problem = bb.load_problem("random_data", widths=list(widths), samples=7, seed=1)
    random = np.random.default_rng(0)
    weights = 2 * random.integers(0, 2, (50, problem.network.num_weights)) - 1
    states = (weights > 0) @ (1 << np.arange(problem.network.num_weights))

    assert all_losses(problem)[states].tolist() == problem.training_loss(weights).tolist()


def test_more_layers_have_a_lower_expectation_and_all_are_below_chance() -> None:
    problem = bb.load_problem("parity", size=3)
    chance = all_losses(problem).mean() - bb.ground_truth(problem).loss

    values = [expectation_above_optimum(problem, f"qaoa_weights[reps={p}]") for p in (1, 2, 4, 8)]

    assert chance > values[0] > values[1] > values[2] > values[3]
    assert values[3] < chance / 4


def test_transferred_angles_are_better_than_chance_and_not_better_than_their_own() -> None:
    problem = bb.load_problem("random_data", widths=[7, 1], samples=8, seed=2)
    chance = all_losses(problem).mean() - bb.ground_truth(problem).loss
    other = 'source="random_data[widths=[5,1],samples=6,seed=9]"'

    transferred = expectation_above_optimum(problem, f"qaoa_weights[angles=transferred,{other}]")

    assert expectation_above_optimum(problem, "qaoa_weights") - 1e-9 <= transferred < chance


def test_a_ramp_needs_no_training() -> None:
    assert ramp(2, 1.0).tolist() == [0.25, 0.75, -0.75, -0.25]
    assert interpolate(np.array([1.0])).tolist() == [1.0, 1.0]


def test_a_warm_start_begins_near_the_answer_of_the_solver_that_its_label_names() -> None:
    problem = bb.load_problem("random_data", widths=[7, 1], samples=8, seed=2)

    cold = expectation_above_optimum(problem, "qaoa_weights[reps=1]")
    warm = expectation_above_optimum(problem, "qaoa_weights[reps=1,warm_start=exhaustive]")

    assert warm < cold


def test_training_is_no_read() -> None:
    problem = bb.load_problem("parity", size=2)

    outcome = bb.run(bb.compile(problem, "reduced"), "qaoa_weights[reps=3]", budget=bb.Budget(reads=25))

    assert outcome.num_reads == 25


@pytest.mark.parametrize(
    ("solver", "sentence"),
    [
        ("qaoa_weights[max_qubits=4]", "9 qubits are more than max_qubits = 4|12 qubits"),
        ("qaoa_weights[angles=transferred]", "need a source"),
        ('qaoa_weights[source="parity"]', "need a source"),
    ],
)
def test_what_does_not_apply_is_refused_with_the_reason(solver: str, sentence: str) -> None:
    outcome = bb.run(bb.compile(bb.load_problem("parity", size=3), "reduced"), solver, budget=bb.Budget(reads=5))

    assert outcome.status == "refused"
    assert re.search(sentence, outcome.message)
