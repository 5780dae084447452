"""Merging samples changes no loss, and leaves little to search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from naive import SHAPES, assert_equals_enumeration, data_of_every_kind
from strategies import random_problem, random_weights

from bnnbench.optimum.prove import search
from bnnbench.optimum.search.distinct_samples import distinct_samples, is_odd
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

ALL_SHAPES = [shape for shapes in SHAPES.values() for shape in shapes]


@settings(max_examples=150)
@given(data_of_every_kind(ALL_SHAPES))
def test_merged_samples_have_the_loss_of_all_samples(problem: Problem) -> None:
    weights = random_weights(20, problem.network)

    merged = distinct_samples(problem)
    z = problem.network.layers(weights, merged.inputs)[-1]
    wrong = (z >= 0) != (merged.targets > 0)
    disagreements = (problem.network.fan_in(problem.network.num_layers) - merged.targets * z) / 2
    losses = merged.base + (merged.weights * (merged.errors * wrong + merged.margin * disagreements)).sum(axis=(-2, -1))

    assert np.array_equal(losses * merged.unit, problem.training_loss(weights))
    assert losses.max() - merged.base <= merged.ceiling
    assert len(np.unique(merged.inputs, axis=0)) == len(merged.inputs) <= problem.num_samples


@pytest.mark.parametrize(("widths", "most"), [((3, 3, 1), 4), ((3, 2, 1), 8), ((2, 3, 1), 4), ((2, 2, 2), 4)])
def test_1605_rows_have_no_more_than_the_distinct_ones_and_the_loss_of_a_plain_loop(
    widths: tuple[int, ...], most: int
) -> None:
    problem = random_problem(widths, 1605)

    assert len(distinct_samples(problem).inputs) <= most
    assert_equals_enumeration(problem)


def test_repeated_rows_cost_no_more_than_distinct_ones() -> None:
    distinct = random_problem((7, 4, 1), 30)
    repeated = Problem(distinct.network, np.tile(distinct.inputs, (53, 1)), np.tile(distinct.targets, (53, 1)))

    once, often = search(distinct, max_optima=1), search(repeated, max_optima=1)

    assert (often.loss, often.num_optima) == (53 * once.loss, once.num_optima)
    assert np.array_equal(distinct_samples(repeated).inputs, distinct_samples(distinct).inputs)
    assert np.array_equal(distinct_samples(repeated).weights, 53 * distinct_samples(distinct).weights)
    assert often.nodes <= 60 * once.nodes  # a pass for each unit of loss


@pytest.mark.parametrize(
    ("widths", "bias", "odd"),
    [
        ((3, 1), False, True),
        ((3, 1), True, False),
        ((2, 1), True, False),
        ((3, 2, 1), False, False),
        ((3, 3, 2), False, True),
    ],
)
def test_a_network_is_odd_if_no_sum_can_be_zero(widths: tuple[int, ...], bias: bool, odd: bool) -> None:
    network = Network(widths, bias)
    weights, inputs = random_weights(200, network), random_problem(widths, 20).inputs

    assert is_odd(network) == odd
    assert np.array_equal(network.forward(weights, -inputs), -network.forward(weights, inputs)) == odd
