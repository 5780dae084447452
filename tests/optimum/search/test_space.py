"""Two searches that share little find the same: multisets of words, and patterns layer by layer."""

from __future__ import annotations

import pytest
from strategies import LOSSES, random_problem

from bnnbench.optimum.search.cost import fits
from bnnbench.optimum.search.distinct_samples import DistinctSamples, distinct_samples
from bnnbench.optimum.search.hidden_layer import HiddenLayer
from bnnbench.optimum.search.layers import Layers
from bnnbench.optimum.search.passes import Limits, Search
from bnnbench.optimum.search.space import Space, optimal_settings, total_count

CAP = 300
SHAPES = [((7, 3, 1), False), ((5, 3, 2), False), ((4, 4, 1), False), ((3, 4, 1), True), ((2, 4, 3), False)]


def least(space: Space, merged: DistinctSamples, **options: int) -> tuple[int | None, int, list[list[int]]]:
    """Loss, count, and the first settings."""
    result = Search(space, Limits(step=max(1, merged.errors // 2), **options)).minimize(merged.ceiling)
    assert result.is_counted
    return (
        result.loss,
        total_count(space, result.found, space.primes),
        optimal_settings(space, result.found, options.get("cap", 1000)).tolist(),
    )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("widths", "bias"), SHAPES)
def test_both_spaces_have_the_same_least_loss_and_count(widths: tuple[int, ...], bias: bool, loss: str) -> None:
    for seed, samples in enumerate((7, 40)):
        problem = random_problem(widths, samples, bias=bias, loss=loss, seed=seed)
        merged = distinct_samples(problem)
        assert fits(problem.network, problem.num_samples)

        of_words = least(HiddenLayer(merged), merged, cap=CAP)
        of_layers = least(Layers(merged), merged, cap=CAP)

        assert of_words[:2] == of_layers[:2]
        if of_words[1] <= CAP:
            assert of_words[2] == of_layers[2]
        loss_found = (of_words[0] + merged.base) * merged.unit
        for setting in (*of_words[2][:50], *of_layers[2][:50]):
            assert problem.training_loss(setting) == loss_found


def test_equal_words_and_patterns_are_merged() -> None:
    merged = distinct_samples(random_problem((7, 3, 1), 1))

    assert HiddenLayer(merged).num_states == 4  # multisets of three of two words
    assert Layers(merged).num_states == 1
