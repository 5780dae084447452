"""CP-SAT: bounds that hold for all bits, in both models, and hints that fit the symmetry."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.qubo.symmetry import representative

TINY = {
    "sasdelli": {"widths": [3, 1], "samples": 1},
    "compact": {"widths": [1, 2, 1], "samples": 1},
    "reduced": {"widths": [1, 2, 1], "samples": 2},
    "soft": {"widths": [1, 2, 1], "samples": 2},
}


def minimum(qubo):
    bits = np.array(list(itertools.product((0, 1), repeat=qubo.num_variables)), dtype=np.int8)
    return qubo.energies(bits).min()


@pytest.mark.parametrize("model", ["constraints", "squares"])
@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("penalty", [None, 0.2])
@pytest.mark.parametrize("formulation", TINY)
@pytest.mark.parametrize("seed", range(2))
def test_proves_the_minimum_over_all_bits(formulation, penalty, loss, model, seed):
    problem = bb.load_problem("random_data", loss=loss, seed=seed, **TINY[formulation])
    if formulation == "sasdelli" and (penalty or loss != "zero_one"):
        pytest.skip("not published")
    instance = bb.compile(problem, formulation, **({"penalty": penalty} if penalty else {}))
    assert instance.qubo.num_variables <= 18
    solver = bb.load_solver("cpsat", model=model)
    batches = list(solver.sample(solver.prepare(instance), seed=seed, budget=bb.Budget(seconds=30)))
    least = minimum(instance.qubo)
    assert all(batch.lower_bound <= least + 1e-9 for batch in batches)
    assert batches[-1].lower_bound == pytest.approx(least, abs=1e-9)
    assert instance.qubo.energies(batches[-1].bits).min() == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("model", ["constraints", "squares"])
@pytest.mark.parametrize("formulation", ["compact", "reduced", "sasdelli[merge=true]"])
def test_rows_keep_their_weights_in_both_models(formulation, model):
    """Fourteen samples on eight inputs, with two outputs that ask for different weights of a row."""
    problem = bb.load_problem("random_data", widths=[3, 3, 2], samples=14)
    outcome = bb.run(
        bb.compile(problem, formulation), bb.load_solver("cpsat", model=model), budget=bb.Budget(seconds=60)
    )
    assert outcome.proved
    assert outcome.energy == outcome.loss == bb.ground_truth(problem).loss


@pytest.mark.parametrize("solver", ["cpsat", "cpsat_network"])
@pytest.mark.parametrize("formulation", ["compact", "reduced"])
@pytest.mark.parametrize("widths", [[3, 3, 3, 1], [3, 2, 2], [2, 3, 1]])
@pytest.mark.parametrize("seed", range(2))
def test_one_setting_of_each_orbit_is_enough(solver, formulation, widths, seed):
    problem = bb.load_problem("random_data", widths=widths, samples=5, seed=seed)
    instance = bb.compile(problem, formulation, penalty=bb.penalty_bound(problem.network, problem.loss_weights))
    outcome = bb.run(instance, bb.load_solver(solver), budget=bb.Budget(seconds=60))
    assert outcome.proved
    assert outcome.energy_gap == pytest.approx(0)


@pytest.mark.parametrize("widths", [[3, 3, 3, 1], [2, 3, 2], [4, 2, 3, 1]])
@pytest.mark.parametrize("formulation", ["compact", "reduced"])
def test_a_representative_computes_the_same_and_is_its_own(widths, formulation):
    problem = bb.load_problem("random_data", widths=widths, samples=6)
    weights = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.int8), (20, problem.network.num_weights))
    found = representative(problem.network, weights, fixes_signs=formulation == "reduced")
    assert problem.training_loss(found).tolist() == problem.training_loss(weights).tolist()
    assert representative(problem.network, found, fixes_signs=formulation == "reduced").tolist() == found.tolist()


@pytest.mark.parametrize("solver", ["cpsat", "cpsat_network"])
def test_the_hint_is_the_first_answer(solver):
    """A hint that broke the order of neurons would be dropped."""
    problem = bb.load_problem("teacher", widths=[7, 3, 1], samples=10, seed=1)
    adapter = bb.load_solver(solver, hint="weight_search")
    stream = adapter.sample(adapter.prepare(bb.compile(problem, "reduced")), seed=0, budget=bb.Budget(seconds=20))
    first = next(stream)
    stream.close()
    instance = bb.compile(problem, "reduced")
    assert problem.training_loss(instance.decode(first.bits)).tolist() == [0]


HINTED = [name for name in ("cpsat", "cpsat_network", "highs", "gurobi") if not bb.load_solver(name).unavailable()]


@pytest.mark.parametrize("solver", HINTED)
def test_no_other_solver_is_asked_unless_a_hint_is_wanted(solver, monkeypatch):
    def quick_weights(*_args, **_options):
        raise AssertionError("another solver was asked")

    adapter = bb.load_solver(solver)
    monkeypatch.setattr("bnnbench.optimum.weight_anneal.quick_weights", quick_weights)
    for module in [module for name, module in sys.modules.items() if name.endswith("_hint")]:
        monkeypatch.setattr(module, "quick_weights", quick_weights)
    instance = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=4), "reduced")

    batches = list(adapter.sample(adapter.prepare(instance), seed=0, budget=bb.Budget(seconds=30)))

    assert all("hint_s" not in batch.clocks for batch in batches)
    hinted = bb.load_solver(solver, hint="weight_search")
    with pytest.raises(AssertionError, match="another solver was asked"):
        list(hinted.sample(hinted.prepare(instance), seed=0, budget=bb.Budget(seconds=30)))


@pytest.mark.parametrize("solver", ["cpsat", "cpsat_network"])
def test_a_committee_is_learned_without_a_hint(solver):
    instance = bb.compile(bb.load_problem("teacher", widths=[7, 7, 1], samples=40), "reduced")
    outcome = bb.run(instance, solver, budget=bb.Budget(seconds=60, target=0))
    assert outcome.loss == 0
    assert "hint_s" not in outcome.clocks


@pytest.mark.parametrize("solver", HINTED)
def test_a_hint_has_a_clock_of_its_own(solver):
    instance = bb.compile(bb.load_problem("random_data", widths=[3, 3, 1], samples=4), "reduced")

    outcome = bb.run(instance, bb.load_solver(solver, hint="weight_search"), budget=bb.Budget(seconds=30))

    assert outcome.proved
    assert 0 < outcome.clocks["hint_s"] < outcome.sample_s


@pytest.mark.parametrize("solver", sorted(set(HINTED) - {"cpsat_network"}))
def test_a_hint_is_refused_where_there_is_no_network(solver):
    qubo = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=4), "reduced").qubo

    assert "hint=weight_search needs a network" in bb.load_solver(solver, hint="weight_search").refuses(qubo)
    assert not bb.load_solver(solver).refuses(qubo)
