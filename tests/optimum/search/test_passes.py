"""The search does not depend on its threads, and one that is stopped says what it knows."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from naive import optima_of
from numpy.typing import NDArray
from strategies import random_problem

from bnnbench.optimum import prove
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.search.counting import primes_for
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.optimum.search.passes import Limits, Search, Standing
from bnnbench.optimum.search.space import Found, Query, optimal_settings
from bnnbench.optimum.search.tally import NEVER
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem

# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_optima", [3, 2000])
@pytest.mark.parametrize(
    ("widths", "samples", "bias", "loss"),
    [
        ((7, 5, 1), 40, False, "zero_one"), ((7, 5, 1), 30, False, "zero_one_margin"), ((7, 3, 1), 40, True, "margin"),
        ((7, 3, 1), 25, True, "zero_one_margin"), ((5, 3, 2), 30, True, "zero_one"),
        ((6, 3, 3, 1), 15, False, "zero_one"),
    ],
)  # fmt: skip
def test_the_number_of_threads_changes_nothing(
    widths: tuple[int, ...], samples: int, bias: bool, loss: str, max_optima: int
) -> None:
    problem = random_problem(widths, samples, bias=bias, loss=loss, seed=1)
    assert prove.space_of(distinct_samples(problem)).num_tasks > 1

    one, two = (prove.search(problem, threads=threads, max_optima=max_optima) for threads in (1, 2))

    assert (one.loss, one.num_optima, one.kind) == (two.loss, two.num_optima, two.kind)
    assert np.array_equal(one.optima, two.optima)
    assert np.all(problem.training_loss(one.optima) == one.loss)


@pytest.mark.parametrize("loss", ["zero_one_margin", "margin"])
def test_what_is_listed_is_optimal_if_counting_is_given_up(monkeypatch: pytest.MonkeyPatch, loss: str) -> None:
    problem = random_problem((7, 5, 1), 30, loss=loss, seed=3)
    optimum = prove.search(problem, max_optima=1).loss
    monkeypatch.setattr(prove, "COUNT_NODES", 0)

    truth = prove.search(problem, threads=2)

    assert (truth.kind, truth.loss, truth.num_optima) == ("exhaustive", optimum, None)
    assert truth.is_capped
    assert np.all(problem.training_loss(truth.optima) == optimum)


# --- a search that is stopped ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lasting() -> tuple[Problem, float]:
    """A problem that takes one thread 4 s, and its optimal loss: no machine is done before the interrupt comes."""
    return random_problem((9, 4, 1), 80, bias=True, seed=1), 14


def assert_brackets(truth: Truth, problem: Problem, optimum: float) -> None:
    assert truth.kind == ("proved" if truth.lower_bound == truth.loss else "best_known")
    assert truth.is_certified == (truth.kind == "proved")
    assert truth.num_optima is None
    assert truth.lower_bound <= optimum <= truth.loss
    assert np.all(problem.training_loss(truth.optima) == truth.loss)


@pytest.mark.parametrize("seconds", [0, 0.02, 0.2])
def test_a_search_out_of_time_brackets_the_optimum(lasting: tuple[Problem, float], seconds: float) -> None:
    problem, optimum = lasting

    truth = prove.search(problem, seconds=seconds, threads=1)

    assert_brackets(truth, problem, optimum)
    assert truth.seconds < 5


@pytest.mark.parametrize("widths", [(3, 3, 1), (2, 2, 2, 1)])
def test_no_time_at_all_is_too_little_for_small_networks_too(widths: tuple[int, ...]) -> None:
    problem = random_problem(widths, 12)

    truth = prove.search(problem, seconds=0)

    assert_brackets(truth, problem, optima_of(problem)[0])


def test_two_hidden_neurons_keep_the_time_limit_though_they_are_one_node() -> None:
    problem = random_problem((13, 2, 1), 200)

    truth = prove.search(problem, seconds=0.5, threads=1)

    assert truth.kind == "best_known"
    assert truth.seconds < 8, "without a look at the clock it takes more than 10 s"


def interrupt(standing: Standing) -> None:
    raise KeyboardInterrupt


class SignalOnce:
    """Sends the process an interrupt, a moment after the first report."""

    sent = False

    def __call__(self, standing: Standing) -> None:
        if not self.sent:
            self.sent = True
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a library that took it would end pytest
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()


@pytest.mark.parametrize("report", [interrupt, SignalOnce()])
def test_an_interrupted_search_brackets_the_optimum(lasting: tuple[Problem, float], report: Any) -> None:
    problem, optimum = lasting

    truth = ground_truth(problem, seconds=None, report=report, interruptible=True, threads=1, max_optima=1, cache=None)

    assert_brackets(truth, problem, optimum)


@pytest.mark.parametrize("report", [interrupt, SignalOnce()])
def test_an_interrupt_is_raised_unless_asked_for(lasting: tuple[Problem, float], report: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        ground_truth(lasting[0], seconds=None, report=report, threads=1, cache=None)


def test_reports_tell_a_bound_that_grows_and_the_best_loss_known(lasting: tuple[Problem, float]) -> None:
    problem, optimum = lasting
    said: list[Standing] = []

    prove.search(problem, report=said.append, threads=1, seconds=2)

    assert said
    bounds = [standing.lower_bound for standing in said]
    assert bounds == sorted(bounds)
    assert all(standing.lower_bound <= optimum <= standing.best for standing in said)
    assert all(0 <= standing.fraction <= 1 for standing in said)
    assert said[-1].seconds > said[0].seconds


# --- the passes, over a space that does what it is told -------------------------------------------------------------


@dataclass
class Scripted:
    """Tasks that find given losses, if asked for; they may wait for the order to stop, or refuse to count."""

    losses: Sequence[int]
    waits: bool = False
    counts: bool = True
    asked: list[tuple[int, int, bool]] = field(default_factory=list)
    method = "script"
    factor = 1

    def __post_init__(self) -> None:
        self.num_tasks = len(self.losses)
        self.primes = primes_for(1)

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        if task == 0:
            self.asked.append((query.theta, query.floor, query.counting))
        loss, nothing = self.losses[task], np.zeros((0, 1), dtype=np.int64)
        deadline = time.monotonic() + 20
        while self.waits and not query.shared[1]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if self.waits or (query.counting and not self.counts):
            return Found(NEVER, self.primes * 0, nothing, 1, NEVER, finished=False)
        if loss > query.theta:
            return Found(NEVER, self.primes * 0, nothing, 1, NEVER, finished=True)
        return Found(loss, self.primes * 0 + 1, np.array([[loss]]), 1, NEVER, finished=True)

    def settings(self, task: int, state: NDArray[np.int64], cap: int) -> NDArray[np.int8]:
        assert state == [self.losses[task]]
        return np.full((1, 1), state[0], dtype=np.int8)


def test_passes_grow_until_one_finds_something_and_a_last_one_counts() -> None:
    space = Scripted((7, 5, 6))

    result = Search(space, Limits(step=3)).minimize(100)

    assert space.asked == [(0, 0, False), (3, 1, False), (6, 4, False), (5, 5, True)]
    assert (result.loss, result.is_counted, result.nodes) == (5, True, 12)


@pytest.mark.parametrize(("known", "loss", "asked"), [(3, None, 3), (4, None, 4), (5, None, 5), (9, 5, 6)])
def test_a_bound_that_meets_known_settings_ends_the_search_uncounted(known: int, loss: int | None, asked: int) -> None:
    space = Scripted((7, 5, 6))

    result = Search(space, Limits(known=lambda: known, long_nodes=0)).minimize(100)

    assert (result.loss, result.lower_bound, len(space.asked)) == (loss, loss or known, asked)


def test_known_settings_are_sought_in_long_searches_only() -> None:
    sought: list[int] = []

    def known() -> int:
        sought.append(1)
        return 5

    result = Search(Scripted((7, 5, 6)), Limits(known=known, long_nodes=20)).minimize(100)
    assert (result.loss, len(sought)) == (5, 0)

    result = Search(Scripted((7, 5, 6)), Limits(known=known, long_nodes=9)).minimize(100)
    assert (result.loss, result.lower_bound, len(sought)) == (None, 5, 2)


def test_states_of_a_higher_loss_are_not_listed_if_counting_is_given_up() -> None:
    space = Scripted((7, 5, 6, 5), counts=False)

    result = Search(space, Limits(step=10)).minimize(100)

    assert (result.loss, result.is_counted) == (5, False)
    assert optimal_settings(space, result.found, 10).tolist() == [[5], [5]]


def test_an_error_in_a_report_ends_the_search_at_once() -> None:
    def broken(standing: Standing) -> None:
        raise RuntimeError("no terminal")

    start = time.monotonic()
    with pytest.raises(RuntimeError, match="no terminal"):
        Search(Scripted((1, 1), waits=True), Limits(interruptible=True), broken).minimize(9)
    assert time.monotonic() - start < 10


def test_a_stopped_search_has_no_loss_but_a_bound() -> None:
    result = Search(Scripted((1, 1), waits=True), Limits(seconds=0.05)).minimize(9)

    assert (result.loss, result.lower_bound, result.is_counted) == (None, 0, False)
