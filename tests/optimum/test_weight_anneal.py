"""Annealing the weights: losses as the forward pass has them, and the certified optimum on small problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import networks, problems, random_problem

from bnnbench.optimum.flip_anneal import MAX_LAYERS
from bnnbench.optimum.prove import search
from bnnbench.optimum.weight_anneal import WeightAnnealer
from bnnbench.plugins.registry import load_problem
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


@given(problems(networks(max_weights=40)))
def test_losses_of_margins_are_those_of_the_weights(problem: Problem) -> None:
    if problem.network.num_layers > MAX_LAYERS:
        return

    weights, losses = WeightAnnealer(problem).anneal_margins(4, 3, 1, hot=9.0, cold=1.0, margin=2.0, clip=1.5)

    assert np.array_equal(problem.training_loss(weights), losses)


@given(problems(networks(max_weights=40)))
def test_the_kernel_of_deep_networks_has_the_losses_of_the_weights(problem: Problem) -> None:
    annealer = WeightAnnealer(problem)
    annealer._flips = None

    weights, losses = annealer.anneal(num_reads=4, num_sweeps=3, seed=1)

    assert np.array_equal(problem.training_loss(weights), losses)


@pytest.mark.parametrize(("widths", "bias"), [((9, 1), False), ((5, 3, 1), True), ((4, 3, 2), False)])
def test_both_kernels_have_the_stationary_distribution_of_the_temperature(
    widths: tuple[int, ...], *, bias: bool
) -> None:
    """After many sweeps at one temperature, the best of a long anneal is the optimum for both."""
    problem = random_problem(widths, 15, bias=bias, seed=4)
    annealer = WeightAnnealer(problem)
    _, flips = annealer.anneal(num_reads=30, num_sweeps=300, seed=0)
    annealer._flips = None
    _, deep = annealer.anneal(num_reads=30, num_sweeps=300, seed=0)

    assert flips.min() == deep.min() == search(problem, max_optima=1).loss


def test_margins_reach_planted_weights_that_errors_miss() -> None:
    problem = load_problem("teacher", widths=[101, 1], samples=160, seed=0)
    annealer = WeightAnnealer(problem)

    _, margins = annealer.anneal_margins(10, 1000, 0, hot=127.0, cold=1.27, margin=5.0, clip=1.0)
    _, errors = annealer.anneal(10, 1000, 0)

    assert np.mean(margins == 0) > 0.5
    assert errors.min() > 0
