"""The bound prunes nothing that it must not, and a wrong one is found out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from naive import optima_of
from numpy.typing import NDArray
from strategies import random_problem

from bnnbench.optimum.certificate import certify
from bnnbench.optimum.prove import search
from bnnbench.optimum.search import hidden_layer
from bnnbench.optimum.search.words import LARGEST_SCALE, bound_rates
from bnnbench.problem.problem import Problem


def some_problems() -> Iterator[Problem]:
    for seed in range(4):
        yield random_problem((3, 3, 1), 12, seed=seed)
        yield random_problem((5, 2, 1), 20, seed=seed + 4)


@pytest.mark.parametrize("num_picks", [1, 2, 3, 8, 31])
def test_the_rates_keep_the_bound_valid_whatever_is_chosen(num_picks: int) -> None:
    rates = bound_rates(num_picks).tolist()

    for r in range(1, num_picks + 1):
        for n in range(1, r + 1):
            rate = rates[r][n]
            assert 0 < n * rate <= LARGEST_SCALE
            for agreements in range(r + 1):  # [right] ≤ (1 − n ρ) + ρ · agreements
                assert LARGEST_SCALE * (agreements >= n) <= LARGEST_SCALE - n * rate + rate * agreements


@pytest.mark.parametrize("factor", [2, 3])
def test_rates_that_are_too_high_are_found_out(monkeypatch: pytest.MonkeyPatch, factor: int) -> None:
    def wrong(num_picks: int, scale: int = LARGEST_SCALE) -> NDArray[np.int64]:
        return bound_rates(num_picks, scale) * factor

    assert any(n * wrong(3)[3, n] > LARGEST_SCALE for n in range(4))
    differs, refuted = [], []
    for problem in some_problems():
        right = optima_of(problem)
        assert (search(problem).loss, search(problem).num_optima) == (right[0], len(right[1]))
        with monkeypatch.context() as patch:
            patch.setattr(hidden_layer, "bound_rates", wrong)
            truth = search(problem)
        differs.append((truth.loss, truth.num_optima) != (right[0], len(right[1])))
        refuted.append(bool(certify(problem, truth).failed))

    assert any(differs)
    assert refuted == differs
