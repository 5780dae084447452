"""Message passing: beliefs against enumeration, and what polarizing them finds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import random_problem

import bnnbench as bb
from bnnbench.optimum.message_passing import begin, committee_samples, gather, listen, make_beliefs, polarize, push
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.problem import Problem

BETA = 1.5


def exact_means(problem: Problem) -> NDArray[np.float64]:
    """Mean of each hidden weight in the thermal distribution, the weights of the output being +1."""
    size = problem.network.num_weights - (problem.network.widths[1] if problem.network.num_layers == 2 else 0)
    hidden = 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1) - 1
    weights = np.ones((2**size, problem.network.num_weights), dtype=np.int8)
    weights[:, :size] = hidden
    chances = np.exp(-BETA * problem.training_loss(weights))
    return np.asarray(chances @ hidden / chances.sum())


def believed_means(problem: Problem, num_steps: int = 100) -> NDArray[np.float64]:
    num_hidden = problem.network.widths[1] if problem.network.num_layers == 2 else 1
    samples = committee_samples(distinct_samples(problem), 0, BETA)
    beliefs = make_beliefs(samples, num_hidden)
    begin(beliefs, np.random.default_rng(0), 1e-3)
    for _ in range(num_steps):  # as `polarize` does, but with nothing that grows, and no end
        listen(samples, beliefs)
        gather(samples, beliefs, 0.5)
        push(beliefs.fields, np.zeros(2))
    return beliefs.means.ravel().astype(np.float64)


@pytest.mark.parametrize("widths", [(7, 1), (15, 1), (5, 3, 1)])
def test_beliefs_of_one_sample_are_the_exact_marginals(widths: tuple[int, ...]) -> None:
    """One factor is a tree; what is left is the normal law instead of a binomial one."""
    problem = random_problem(widths, 1, seed=2)

    assert believed_means(problem) == pytest.approx(exact_means(problem), abs=0.03)


def test_beliefs_of_several_samples_are_near_the_marginals() -> None:
    problem = random_problem((15, 1), 5, seed=4)

    exact, believed = exact_means(problem), believed_means(problem)

    assert np.abs(exact).max() > 0.3
    assert believed == pytest.approx(exact, abs=0.1)
    assert np.corrcoef(believed, exact)[0, 1] > 0.98


@pytest.mark.parametrize("scheme", ["focusing", "reinforced"])
@pytest.mark.parametrize(
    ("family", "widths", "samples"),
    [("random_data", [101, 1], 50), ("teacher", [31, 3, 1], 60), ("teacher", [51, 2], 20)],
)
def test_problems_that_can_be_learned_are_learned(scheme: str, family: str, widths: list[int], samples: int) -> None:
    problem = bb.load_problem(family, widths=widths, samples=samples, seed=0)
    solver = bb.load_solver("message_passing", scheme=scheme)

    outcome = bb.run(bb.compile(problem, "wells"), solver, budget=bb.Budget(reads=5))

    assert outcome.loss == 0


def test_errors_end_a_read_that_has_none() -> None:
    problem = random_problem((9, 1), 1, seed=0)
    samples = committee_samples(distinct_samples(problem), 0, np.inf)
    beliefs = make_beliefs(samples, 1)
    begin(beliefs, np.random.default_rng(0), 0.5)
    best = np.empty((1, 9), dtype=np.int8)

    num_steps = polarize(samples, beliefs, 0.5, np.zeros((50, 2)), best)

    assert num_steps < 50
    assert problem.training_loss(best)[0] == 0


@pytest.mark.parametrize(("widths", "bias"), [((3, 3, 1), True), ((3, 3, 2), False), ((3, 3, 3, 1), False)])
def test_other_networks_are_refused(widths: tuple[int, ...], *, bias: bool) -> None:
    instance = bb.compile(random_problem(widths, 2, bias=bias, seed=0), "compact")

    assert "takes perceptrons, and committees" in (bb.load_solver("message_passing").refuses(instance) or "")
