"""Exchanges of two hidden neurons meet the optimum of small networks, and their loss is that of the forward pass."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.optimum import prove
from bnnbench.optimum.exchange import exchanged_weights
from bnnbench.optimum.prove import search
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.optimum.search.hidden_layer import HiddenLayer


@pytest.mark.parametrize(
    ("widths", "samples", "bias", "loss"),
    [
        ((7, 5, 1), 40, False, "zero_one"), ((5, 4, 1), 30, True, "zero_one"), ((5, 3, 2), 30, True, "zero_one"),
        ((5, 3, 1), 30, False, "zero_one_margin"), ((4, 2, 1), 20, False, "margin"), ((4, 1, 1), 20, True, "zero_one"),
    ],
)  # fmt: skip
def test_exchanges_meet_the_proved_optimum_and_say_their_loss(
    widths: tuple[int, ...], samples: int, bias: bool, loss: str
) -> None:
    problem = random_problem(widths, samples, bias=bias, loss=loss)
    distinct = distinct_samples(problem)
    space = HiddenLayer(distinct)

    runs = [exchanged_weights(space, np.random.default_rng(seed), num_steps=300) for seed in range(4)]

    losses = [float(problem.training_loss(weights[None])[0]) for weights, _ in runs]
    assert losses == [(above + distinct.base) * distinct.unit for _, above in runs]
    assert min(losses) == search(problem, max_optima=1).loss


def test_no_exchange_leaves_a_random_setting() -> None:
    problem = random_problem((7, 5, 1), 40)
    space = HiddenLayer(distinct_samples(problem))

    at_random, loss = exchanged_weights(space, np.random.default_rng(0), num_steps=0)

    assert loss == space.ceiling >= problem.training_loss(at_random[None])[0] > search(problem, max_optima=1).loss


def test_a_long_search_ends_where_its_bound_meets_exchanged_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem((7, 5, 1), 40)
    optimum = search(problem, max_optima=1)
    monkeypatch.setattr(prove, "LONG", 0)

    truth = search(problem)

    assert (truth.kind, truth.loss, truth.num_optima, optimum.kind) == ("proved", optimum.loss, None, "exhaustive")
    assert problem.training_loss(truth.optima)[0] == optimum.loss
    assert truth.nodes < optimum.nodes


def test_exchanges_stop_at_the_floor() -> None:
    problem = random_problem((7, 5, 1), 40)
    space = HiddenLayer(distinct_samples(problem))

    _, loss = exchanged_weights(space, np.random.default_rng(0), num_steps=300, floor=8)

    assert search(problem, max_optima=1).loss - distinct_samples(problem).base < loss <= 8
