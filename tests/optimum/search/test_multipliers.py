"""Better rates of the bound change no result, and leave fewer nodes."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import random_problem

from bnnbench.optimum.prove import search
from bnnbench.optimum.search import hidden_layer
from bnnbench.optimum.search.multipliers import STEPS
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem


def search_without(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """Search with scores so coarse that rates are left as they are."""
    with monkeypatch.context() as patch:
        patch.setattr(hidden_layer, "score_scale", lambda *_: STEPS // 2)
        return search(problem, threads=1)


@pytest.mark.parametrize(
    ("widths", "samples", "bias", "loss"),
    [
        ((7, 5, 1), 50, False, "zero_one"), ((5, 6, 1), 40, True, "zero_one"), ((5, 4, 2), 30, False, "zero_one"),
        ((5, 5, 1), 30, False, "zero_one_margin"), ((6, 5, 1), 200, False, "zero_one"),
    ],
)  # fmt: skip
def test_multipliers_change_no_result_and_leave_fewer_nodes(
    monkeypatch: pytest.MonkeyPatch, widths: tuple[int, ...], samples: int, bias: bool, loss: str
) -> None:
    problem = random_problem(widths, samples, bias=bias, loss=loss)

    with_them, without = search(problem, threads=1), search_without(problem, monkeypatch)

    assert (with_them.loss, with_them.num_optima) == (without.loss, without.num_optima)
    if with_them.is_capped:
        assert np.all(problem.training_loss(with_them.optima) == without.loss)
    else:
        assert np.array_equal(with_them.optima, without.optima)
    assert with_them.nodes < without.nodes
