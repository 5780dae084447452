"""The spectrum is the histogram of a plain loop, and accounts for every weight setting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from naive import SHAPES, data_of_every_kind, histogram
from strategies import random_problem

from bnnbench.errors import InputError
from bnnbench.optimum.prove import search
from bnnbench.optimum.spectrum import spectrum
from bnnbench.problem.problem import Problem


@pytest.mark.parametrize("kind", SHAPES)
def test_the_spectrum_is_the_histogram_of_a_plain_loop(kind: str) -> None:
    @settings(max_examples=25)
    @given(data_of_every_kind(SHAPES[kind]))
    def check(problem: Problem) -> None:
        found = spectrum(problem)

        assert found == histogram(problem)
        assert list(found) == sorted(found)
        assert sum(found.values()) == 2**problem.network.num_weights

    check()


@pytest.mark.parametrize(
    ("widths", "bias", "loss"),
    [((7, 3, 1), False, "zero_one"), ((9, 4), False, "margin"), ((4, 4, 1), True, "zero_one")],
)
def test_the_spectrum_of_a_larger_network_starts_at_the_optimum_and_sums_to_all(
    widths: tuple[int, ...], bias: bool, loss: str
) -> None:
    problem = random_problem(widths, 20, bias=bias, loss=loss)

    found = spectrum(problem)
    truth = search(problem, max_optima=1)

    assert next(iter(found.items())) == (truth.loss, truth.num_optima)
    assert sum(found.values()) == 2**problem.network.num_weights


@pytest.mark.parametrize("widths", [(15, 15, 1), (7, 7, 1), (1, 31, 1, 1)])
def test_a_spectrum_that_would_take_too_long_is_refused_with_the_limit(widths: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"the spectrum of the network .* are the limit; use a smaller network"):
        spectrum(random_problem(widths, 10))
