"""Whole numbers stay exact in 64 bits, at any price and any number of samples, or the problem is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strategies import LOSSES, all_weights, random_problem

from bnnbench.errors import InputError
from bnnbench.optimum.prove import search, space_of
from bnnbench.optimum.search.distinct_samples import LARGEST_LOSS, DistinctSamples, distinct_samples
from bnnbench.optimum.search.passes import Limits, Search
from bnnbench.optimum.search.space import total_count
from bnnbench.optimum.search.words import LARGEST_NUMBER, LARGEST_SCALE, bound_rates, score_scale
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


def least(distinct: DistinctSamples) -> tuple[int | None, int]:
    """Least loss above the base and the number of settings that reach it."""
    space = space_of(distinct)
    limits = Limits(step=max(1, distinct.errors // 2), threads=1)
    result = Search(space, limits).minimize(distinct.ceiling)
    return result.loss, total_count(space, result.found, space.primes)


@pytest.mark.parametrize(("ceiling", "num_picks"), [(1, 1), (2**40, 7), (2**53 - 1, 500), (2**62 // 10, 4), (2**39, 2)])
def test_no_number_of_the_search_exceeds_62_bits(ceiling: int, num_picks: int) -> None:
    scale = score_scale(ceiling, num_picks)

    assert scale >= 1
    assert (num_picks + 6) * ceiling * scale <= LARGEST_NUMBER
    assert scale == LARGEST_SCALE or (num_picks + 6) * ceiling * 2 * scale > LARGEST_NUMBER


@pytest.mark.parametrize("scale", [1, 2, 64, LARGEST_SCALE])
def test_rates_of_any_scale_keep_the_bound_valid(scale: int) -> None:
    rates = bound_rates(9, scale).tolist()

    assert rates[1][1] == scale
    assert all(0 <= n * rates[r][n] <= scale for r in range(1, 10) for n in range(1, r + 1))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("widths", "bias"), [((3, 3, 1), False), ((2, 3, 2), True), ((2, 2, 2, 1), False)])
def test_heavy_samples_scale_the_loss_and_nothing_else(widths: tuple[int, ...], bias: bool, loss: str) -> None:
    """Up to the last factor for which losses are exact, the optimum is multiplied and its settings are the same."""
    problem = random_problem(widths, 12, bias=bias, loss=loss, seed=1)
    distinct = distinct_samples(problem)
    largest = LARGEST_LOSS // max(1, distinct.ceiling + distinct.base)
    loss_found, count = least(distinct)

    for factor in (2**20, 2**40, largest):
        heavy = replace(distinct, weights=distinct.weights * min(factor, largest))
        assert least(heavy) == (loss_found * min(factor, largest), count)


def least_of_all(problem: Problem) -> float:
    """Least loss of all settings, sample by distinct sample."""
    network, price = problem.network, problem.loss_weights
    rows, counts = np.unique(np.hstack([problem.inputs, problem.targets]), axis=0, return_counts=True)
    inputs, targets = rows[:, : network.num_inputs], rows[:, network.num_inputs :].astype(float)
    z = network.layers(all_weights(network), inputs)[-1]
    margins = (network.fan_in(network.num_layers) - targets * z) / 2
    losses = price.errors * ((z >= 0) != (targets > 0)) + price.margin * margins
    return float((losses.sum(axis=-1) @ counts.astype(float)).min())


@pytest.mark.parametrize(
    ("widths", "samples"), [((2, 3, 4), 40_000), ((3, 3, 10), 20_000), ((2, 2, 2, 2), 30_000), ((5, 2), 50_000)]
)
def test_many_samples_with_margins_have_the_optimum_of_a_plain_loop(widths: tuple[int, ...], samples: int) -> None:
    network = Network(widths)
    generator = np.random.default_rng(0)
    planted = generator.choice(np.array([-1, 1], dtype=np.int8), network.num_weights)
    inputs = generator.choice(np.array([-1, 1], dtype=np.int8), (samples, widths[0]))
    targets = network.forward(planted, inputs) * np.where(generator.random((samples, widths[-1])) < 0.2, -1, 1)
    problem = Problem(network, inputs, targets, "zero_one_margin", planted=planted)

    truth = search(problem, max_optima=10)

    assert truth.loss == problem.training_loss(truth.optima[0]) <= problem.training_loss(planted)
    if network.num_weights <= 18:
        assert truth.loss == least_of_all(problem)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_loss_beyond_double_precision_is_refused(monkeypatch: pytest.MonkeyPatch, extra: int) -> None:
    problem = random_problem((3, 3, 1), 12)
    most = LARGEST_LOSS - 1  # of one output at a price of 1
    monkeypatch.setattr(Problem, "num_samples", property(lambda _: most + extra))

    if extra:
        with pytest.raises(InputError, match=r"can reach 9007199254740992 units .* use fewer samples"):
            distinct_samples(problem)
    else:
        distinct_samples(problem)
