"""Annealing the weights: losses as the forward pass has them, and the certified optimum on small problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import networks, problems, random_problem

from bnnbench.optimum.prove import search
from bnnbench.optimum.weight_anneal import WeightAnnealer
from bnnbench.problem.problem import Problem


@given(problems(networks(max_weights=40)))
def test_losses_are_those_of_the_weights(problem: Problem) -> None:
    weights, losses = WeightAnnealer(problem).anneal(num_reads=4, num_sweeps=3, seed=1)

    assert np.array_equal(problem.training_loss(weights), losses)


@pytest.mark.parametrize(("widths", "bias"), [((7, 7, 1), False), ((3, 3, 2), True), ((4, 3, 2, 1), False)])
def test_the_certified_optimum_is_found(widths: tuple[int, ...], bias: bool) -> None:
    problem = random_problem(widths, 20, bias=bias, seed=2)

    _, losses = WeightAnnealer(problem).anneal(num_reads=200, num_sweeps=100, seed=0)

    assert losses.min() == search(problem, max_optima=1).loss


def test_the_same_seed_gives_the_same_weights() -> None:
    annealer = WeightAnnealer(random_problem((5, 3, 1), 20))

    one, other, third = (annealer.anneal(5, 10, seed)[0] for seed in (1, 1, 2))

    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)
