"""Branch and bound over the weights of a neuron: against enumeration, with counts, and where a table is too large."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bnnbench.optimum import prove
from bnnbench.optimum.losses import all_losses
from bnnbench.optimum.prove import search
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


@pytest.fixture(autouse=True)
def no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "TABLE", 0)


def problem_of(seed: int) -> Problem:
    """Up to 12 weights, up to 30 samples, with and without bias, one output or two, samples that contradict."""
    random = np.random.default_rng(seed)
    inputs, outputs, samples = (int(random.integers(1, high)) for high in (7, 3, 31))
    x, y = (2 * random.integers(0, 2, (samples, width)) - 1 for width in (inputs, outputs))
    return Problem(Network((inputs, outputs), bool(random.integers(2))), x, y)


@pytest.mark.parametrize("seed", range(60))
def test_the_optimum_and_its_count_are_those_of_enumeration(seed: int) -> None:
    problem = problem_of(seed)
    losses = all_losses(problem)

    truth = search(problem)

    assert truth.kind == "exhaustive"
    assert truth.loss == losses.min()
    assert truth.num_optima == (losses == losses.min()).sum()
    assert len(np.unique(truth.optima, axis=0)) == truth.num_optima
    assert (problem.training_loss(truth.optima) == truth.loss).all()


def test_a_neuron_that_no_table_holds_is_proved() -> None:
    problem = load_problem("random_data", widths=[31, 1], samples=40, seed=4)

    truth = search(problem, count=False)

    assert (truth.kind, truth.loss) == ("exhaustive", 2)


def test_a_search_that_runs_out_of_time_has_a_bound_and_a_loss() -> None:
    problem = load_problem("random_data", widths=[81, 1], samples=110, seed=0)

    truth = search(problem, seconds=0.3)

    assert truth.kind == "best_known"
    assert 0 <= truth.lower_bound < truth.loss
    assert (problem.training_loss(truth.optima) == truth.loss).all()


def test_progress_is_told_with_bounds() -> None:
    standings = []

    search(load_problem("random_data", widths=[61, 1], samples=70, seed=1), seconds=1.5, report=standings.append)

    assert standings
    assert all(0 <= standing.fraction <= 1 for standing in standings)
    assert all(one.lower_bound <= other.lower_bound for one, other in itertools.pairwise(standings))
