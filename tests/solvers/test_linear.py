"""MIP solvers on the network and on the linearized QUBO, where their libraries are installed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.qubo.linear_program import LinearModel, linearized
from bnnbench.qubo.qubo import make_qubo

SOLVERS = [name for name in ("highs", "gurobi") if not bb.load_solver(name).unavailable()]
pytestmark = pytest.mark.skipif(not SOLVERS, reason="no MIP solver is installed")


def minimum(qubo):
    bits = np.array(list(itertools.product((0, 1), repeat=qubo.num_variables)), dtype=np.int8)
    return qubo.energies(bits).min()


def check(solver, instance, least):
    budget = bb.Budget(seconds=30)
    batches = list(solver.sample(solver.prepare(instance), seed=1, budget=budget))
    bounds = [b.lower_bound for b in batches if b.lower_bound is not None]
    assert max(bounds) == pytest.approx(least, abs=1e-4)
    assert max(bounds) <= least + 1e-9
    assert instance.qubo.energies(batches[-1].bits)[0] == pytest.approx(least)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("model", ["network", "qubo"])
@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("formulation", ["compact", "reduced"])
@pytest.mark.parametrize("widths", [[1, 2, 1], [3, 1], [2, 1]])
def test_proves_the_minimum_over_all_bits(name, model, loss, formulation, widths):
    problem = bb.load_problem("random_data", widths=widths, samples=2, loss=loss)
    instance = bb.compile(problem, formulation, penalty=bb.penalty_bound(problem.network, problem.loss_weights))
    check(bb.load_solver(name, model=model), instance, minimum(instance.qubo))


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("seed", range(3))
def test_proves_the_minimum_of_a_bare_qubo(name, seed):
    generator = np.random.default_rng(seed)
    rows, cols = np.triu_indices(9, 1)
    qubo = make_qubo(generator.normal(size=9), rows, cols, generator.normal(size=len(rows)), 2.0)
    check(bb.load_solver(name), qubo, minimum(qubo))


@pytest.mark.parametrize("name", SOLVERS)
def test_finds_networks_with_a_hidden_layer_of_three(name):
    instance = bb.compile(bb.load_problem("a1a", experiment=0, batch=0), "sasdelli")
    outcome = bb.run(instance, bb.load_solver(name), budget=bb.Budget(seconds=60))
    assert outcome.proved
    assert outcome.energy_gap == 0


@pytest.mark.parametrize("name", SOLVERS)
def test_an_unsound_formulation_gets_no_bound_from_the_network(name):
    instance = bb.compile(bb.load_problem("random_data", widths=[1, 2, 1], samples=1), "soft")
    outcome = bb.run(instance, bb.load_solver(name), budget=bb.Budget(seconds=10))
    assert outcome.lower_bound is None


def test_a_bound_is_rounded_up_to_the_next_value_of_the_objective():
    model = linearized(make_qubo(np.array([1.0]), np.zeros(0), np.zeros(0), np.zeros(0), 1e9))
    assert isinstance(model, LinearModel)
    assert model.safe_bound(1.2) == 1e9 + 2
    assert model.safe_bound(1 + 1e-7) == 1e9 + 1


@pytest.mark.skipif("gurobi" not in SOLVERS, reason="gurobi is not installed")
def test_gurobi_refuses_what_its_licence_does_not_allow(monkeypatch):
    solver = bb.load_solver("gurobi", model="qubo")
    monkeypatch.setattr(f"{type(solver).__module__}._is_full_licence", lambda: False)
    instance = bb.compile(bb.load_problem("random_data", widths=[7, 7, 1], samples=40), "reduced")
    assert "licence" in solver.refuses(instance)
    monkeypatch.undo()
    assert not solver.refuses(bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=2), "reduced"))
