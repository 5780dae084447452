"""Parallel tempering: against exact thermal expectations at every temperature, and the losses of its weights."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.optimum.flip_anneal import make_task
from bnnbench.optimum.losses import all_losses
from bnnbench.optimum.replica_tempering import Tempered, make_ladder, temper_weights
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.problem import Problem

TEMPERATURES = np.array([2.0, 1.0, 0.5, 0.25])


def temper(problem: Problem, num_reads: int, num_sweeps: int) -> Tempered:
    distinct = distinct_samples(problem)
    network = distinct.network
    return temper_weights(
        make_task(distinct), network.widths, bias=network.bias, num_reads=num_reads, num_sweeps=num_sweeps,
        ladder=make_ladder(TEMPERATURES, float(distinct.errors)), seed=7,
    )  # fmt: skip


@pytest.mark.parametrize(("widths", "bias"), [((5, 1), False), ((2, 2, 1), False), ((3, 1), True), ((2, 1, 2), False)])
def test_every_temperature_is_in_thermal_equilibrium(widths: tuple[int, ...], *, bias: bool) -> None:
    problem = random_problem(widths, 6, bias=bias, seed=3)
    losses, distinct = all_losses(problem), distinct_samples(problem)
    chances = np.exp(-losses[None, :] / TEMPERATURES[:, None])
    exact = chances @ losses / chances.sum(axis=1)

    tempered = temper(problem, 1, 100_000)

    assert (tempered.means[0] + distinct.base) * distinct.unit == pytest.approx(exact, abs=0.03)


def test_losses_are_those_of_the_weights() -> None:
    problem = random_problem((7, 3, 1), 20, seed=1)
    distinct = distinct_samples(problem)

    tempered = temper(problem, 5, 50)

    assert np.array_equal(problem.training_loss(tempered.weights), (tempered.losses + distinct.base) * distinct.unit)
    assert np.all((tempered.trades > 0) & (tempered.trades <= 1))


def test_equal_temperatures_always_trade() -> None:
    problem = random_problem((5, 1), 8, seed=1)
    distinct = distinct_samples(problem)

    tempered = temper_weights(
        make_task(distinct),
        (5, 1),
        bias=False,
        num_reads=1,
        num_sweeps=100,
        ladder=make_ladder(np.ones(3), 1.0),
        seed=0,
    )

    assert np.array_equal(tempered.trades, np.ones((1, 2)))
