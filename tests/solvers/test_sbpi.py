"""SBPI: each rule on one sample, and what learning finds."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers._sbpi import Patterns, Rule, Synapses, learn, make_patterns, make_synapses
from strategies import random_problem

import bnnbench as bb
from bnnbench.optimum.search.distinct_samples import distinct_samples

ALWAYS, NEVER, UNBOUNDED = 2**32, 0, 2**30


def one_sample(hidden: list[int], *, target: int = 1) -> tuple[Patterns, Synapses]:
    """A sample with inputs of +1 for a perceptron with given hidden states."""
    ones = np.ones((1, len(hidden)), dtype=np.int8)
    problem = bb.Problem(bb.Network((len(hidden), 1)), ones, np.full((1, 1), target))
    (patterns,) = make_patterns(distinct_samples(problem))
    synapses = make_synapses(patterns, 1, 0)
    synapses.hidden[0] = hidden
    synapses.weights[0] = np.sign(hidden)
    return patterns, synapses


def present(patterns: Patterns, synapses: Synapses, rule: Rule) -> list[int]:
    """Return the hidden states after one epoch."""
    learn(patterns, synapses, rule, 1, synapses.weights.copy())
    return list(synapses.hidden[0])


def test_a_wrong_sample_moves_every_hidden_state() -> None:
    assert present(*one_sample([-3, -1, 1]), Rule(1, NEVER, UNBOUNDED)) == [-1, 1, 3]


def test_a_sample_that_is_barely_right_settles_the_weights_that_agree() -> None:
    assert present(*one_sample([-1, 1, 3]), Rule(1, ALWAYS, UNBOUNDED)) == [-1, 3, 5]


def test_a_sample_that_is_barely_right_may_be_left_alone() -> None:
    assert present(*one_sample([-1, 1, 3]), Rule(1, NEVER, UNBOUNDED)) == [-1, 1, 3]


def test_a_sample_that_is_well_right_moves_nothing() -> None:
    assert present(*one_sample([1, 1, 3]), Rule(1, ALWAYS, UNBOUNDED)) == [1, 1, 3]


def test_hidden_states_stay_in_their_range() -> None:
    assert present(*one_sample([-3, -3, 3]), Rule(1, NEVER, 3)) == [-1, -1, 3]


def test_a_tie_agrees_with_plus_one_alone() -> None:
    """sgn(0) = +1. Opposite inputs are not merged where the fan-in is even."""
    assert present(*one_sample([-1, 1], target=1), Rule(0, NEVER, UNBOUNDED)) == [-1, 1]
    assert present(*one_sample([-1, 1], target=-1), Rule(0, NEVER, UNBOUNDED)) == [-3, -1]


@pytest.mark.parametrize("widths", [(6, 1), (9, 1), (5, 3, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_a_longer_read_is_never_worse_than_its_first_epoch(widths: tuple[int, ...], seed: int) -> None:
    problem = random_problem(widths, 40, seed=seed)
    solver = bb.load_solver("sbpi", num_epochs=1)
    long = bb.load_solver("sbpi", num_epochs=200)

    first, last = (bb.run(bb.compile(problem, "compact"), one, budget=bb.Budget(reads=5)) for one in (solver, long))

    assert last.loss <= first.loss
    assert last.loss >= bb.ground_truth(problem).loss


@pytest.mark.parametrize(
    ("family", "widths", "samples"),
    [("random_data", [101, 1], 50), ("teacher", [101, 1], 160), ("teacher", [31, 3, 1], 60), ("teacher", [51, 2], 20)],
)
def test_problems_that_can_be_learned_are_learned(family: str, widths: list[int], samples: int) -> None:
    problem = bb.load_problem(family, widths=widths, samples=samples, seed=0)

    outcome = bb.run(bb.compile(problem, "wells"), "sbpi", budget=bb.Budget(reads=20))

    assert outcome.loss == 0


def test_networks_beyond_committees_are_refused() -> None:
    instance = bb.compile(bb.load_problem("random_data", widths=[3, 3, 3, 1], samples=2), "compact")

    assert "takes perceptrons, and committees" in (bb.load_solver("sbpi").refuses(instance) or "")
