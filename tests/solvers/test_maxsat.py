"""The MaxSAT formula of a network costs what the network's loss does."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.plugins.registry import load_solver

pytest.importorskip("pysat")
from bnnbench_solvers._maxsat import TRUE, _Writer, network_formula, num_clauses
from pysat.solvers import Glucose3


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_counter_counts_in_both_directions(size):
    writer = _Writer()
    literals = [writer.new() for _ in range(size)]
    outputs = writer._sorted(list(literals))

    for values in itertools.product((0, 1), repeat=size):
        given = [literal if value else -literal for literal, value in zip(literals, values, strict=True)]
        with Glucose3(bootstrap_with=writer.hard) as oracle:
            assert oracle.solve(assumptions=given)
            model = set(oracle.get_model())
        assert [output in model for output in outputs] == [k < sum(values) for k in range(size)]


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("widths", [[3, 1], [2, 2, 1], [3, 3, 2]])
def test_the_cost_of_weights_is_their_loss(widths, loss):
    problem = bb.load_problem("random_data", widths=widths, samples=4, seed=3, loss=loss, bias=True)
    formula, variables, unit = network_formula(problem)
    fixed = {clause[0] for clause in formula.hard if len(clause) == 1} - {TRUE}
    random = np.random.default_rng(0)
    for weights in random.choice([-1, 1], (20, len(variables))):
        values = [1 if variable in fixed else int(w) for variable, w in zip(variables, weights, strict=True)]
        with Glucose3(bootstrap_with=formula.hard) as oracle:
            assert oracle.solve(assumptions=[v * value for v, value in zip(variables, values, strict=True)])
            model = set(oracle.get_model())
        cost = sum(price for (literal,), price in zip(formula.soft, formula.wght, strict=True) if literal not in model)
        assert cost * unit == problem.training_loss(np.array([values], dtype=np.int8))[0]


def test_a_run_that_ends_early_has_a_bound_and_no_false_one():
    problem = bb.load_problem("random_data", widths=[7, 3, 1], samples=40, seed=5)
    instance = bb.compile(problem, "reduced")

    outcome = bb.run(instance, "maxsat", budget=bb.Budget(seconds=0.3))

    assert outcome.status == "ok"
    assert 0 <= outcome.lower_bound <= bb.ground_truth(problem).loss
    assert not [flag for flag in outcome.flags if "bound" in flag]


@pytest.mark.parametrize("widths", [[1, 1], [6, 1], [7, 3], [3, 3, 2], [2, 3, 2, 1]])
def test_the_number_of_clauses_is_known_before_they_are_written(widths):
    problem = bb.load_problem("random_data", widths=widths, samples=12, seed=3)

    estimated, written = num_clauses(problem), len(network_formula(problem)[0].hard)

    assert written <= estimated + problem.network.num_weights  # those that fix signs
    assert len(widths) > 2 or abs(written - estimated) <= 1 + problem.network.num_weights


def test_a_formula_of_too_many_clauses_is_refused_before_it_is_written():
    problem = bb.load_problem("random_data", widths=[784, 10], samples=500)
    instance = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=2), "reduced")

    assert load_solver("maxsat").refuses(instance) is None
    assert "has some 3,145,360,000 clauses" in load_solver("maxsat").refuses(replace(instance, problem=problem))
