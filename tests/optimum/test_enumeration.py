"""All settings of a few weights, by NumPy: the optimum of a plain loop and of the search, without a compiled kernel."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import SHAPES, data_of_every_kind, optima_of
from strategies import random_problem

from bnnbench.optimum import enumeration
from bnnbench.optimum.enumeration import TINY, Enumeration, enumerated
from bnnbench.optimum.prove import search
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

TINY_SHAPES = [shape for shapes in SHAPES.values() for shape in shapes if Network(*shape).num_weights <= TINY]

WITHOUT_KERNELS = """
import sys
import bnnbench as bb
problem = bb.load_problem("random_function", size=3, samples=4, seed=1)
assert bb.ground_truth(problem, cache=None).method == "enumeration of weight settings"
outcome = bb.run(bb.compile(problem, "reduced"), "exhaustive", budget=bb.Budget(seconds=5))
assert outcome.status == "ok" and outcome.proved, outcome
assert "numba" not in sys.modules
"""


@given(data_of_every_kind(TINY_SHAPES), st.sampled_from([1, 3, 2**TINY]))
def test_the_optimum_is_that_of_a_plain_loop(problem: Problem, cap: int) -> None:
    loss, optima = optima_of(problem)

    truth = enumerated(problem, cap)

    assert (truth.kind, truth.loss, truth.num_optima) == ("exhaustive", loss, len(optima))
    assert np.array_equal(truth.optima, optima[:cap])
    assert truth.nodes == 2**problem.network.num_weights


@pytest.mark.parametrize("shape", [((4, 1), False), ((3, 3, 1), False), ((2, 2, 1), True), ((2, 2, 2, 1), False)])
def test_the_optimum_and_its_settings_are_those_of_the_search(shape: tuple[tuple[int, ...], bool]) -> None:
    problem = random_problem(shape[0], 20, bias=shape[1], loss="zero_one_margin")

    one, other = enumerated(problem, 10**4), search(problem, max_optima=10**4)

    assert (one.loss, one.num_optima) == (other.loss, other.num_optima)
    assert np.array_equal(one.optima, other.optima)


def test_losses_do_not_depend_on_how_many_samples_are_computed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    distinct = distinct_samples(random_problem((4, 2, 2), 100, loss="zero_one_margin"))
    at_once = Enumeration(distinct).losses

    monkeypatch.setattr(enumeration, "_AT_ONCE", 1)

    assert np.array_equal(Enumeration(distinct).losses, at_once)


def test_few_weights_need_no_kernel() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_KERNELS], capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr
