"""Advantage without the machine: what it is composed of, and that it says so."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.annealer.embedding import damaged_graph, hardware_graph
from bnnbench.qubo.qubo import make_qubo

SMALL = {"topology_size": 4}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="module")
def instance():
    return bb.compile(bb.load_problem("random_function", size=3, hidden=2, samples=2, seed=3), "reduced")


def answers(solver, instance, seed=1):
    stream = solver.sample(solver.prepare(instance), seed=seed, budget=bb.Budget(reads=20))
    return list(stream)


def test_without_errors_and_missing_qubits_it_is_embedded(instance):
    ideal = {"qubit_yield": 1.0, "bias_error": 0.0, "coupling_error": 0.0}
    emulated = bb.load_solver("dwave_emulated", annealer="simulated_annealing[num_sweeps=50]", **ideal, **SMALL)
    embedded = bb.load_solver("embedded", topology="zephyr", inner="simulated_annealing[num_sweeps=50]", **SMALL)

    for one, two in zip(answers(emulated, instance), answers(embedded, instance), strict=True):
        assert one.bits.tolist() == two.bits.tolist()
        assert dict(one.facts) == {**two.facts, "emulated": True}


def test_every_row_says_that_it_is_emulated(instance):
    outcome = bb.run(instance, bb.load_solver("dwave_emulated", **SMALL), budget=bb.Budget(reads=5))
    assert outcome.status == "ok"
    assert outcome.facts["emulated"] is True
    assert outcome.facts["num_physical"] >= instance.qubo.num_variables


def test_missing_qubits_are_drawn_from_the_seed_and_are_not_used(instance):
    graph = damaged_graph("pegasus", 4, 0.9, 7)
    assert len(graph) == round(0.9 * len(hardware_graph("pegasus", 4)))
    assert set(graph) == set(damaged_graph("pegasus", 4, 0.9, 7)) != set(damaged_graph("pegasus", 4, 0.9, 8))
    prepared = bb.load_solver("embedded", qubit_yield=0.9, embedding_seed=7, **SMALL).prepare(instance)
    assert set(prepared.embedding.qubits) <= set(graph)


def test_too_few_qubits_get_a_sentence(instance):
    solver = bb.load_solver("dwave_emulated", qubit_yield=0.05, **SMALL)
    with pytest.raises(bb.InputError, match=r"no minor embedding in zephyr-4 with a yield of 0\.05"):
        solver.prepare(instance)


def spin_form(qubo):
    spins = qubo.to_bqm().change_vartype("SPIN", inplace=False)
    return np.array([spins.linear[i] for i in range(len(spins))]), spins


def test_errors_have_their_size_in_the_units_of_the_machine():
    n = 400
    rows, cols = np.arange(n - 1, dtype=np.int32), np.arange(1, n, dtype=np.int32)
    random = np.random.default_rng(0)
    qubo = make_qubo(random.normal(0, 30, n), rows, cols, random.choice([-40.0, 24.0], n - 1), 5.0)
    solver = bb.load_solver("control_errors", bias_error=0.05, coupling_error=0.01)

    wrong = solver.perturbed(qubo, np.random.default_rng(1))

    (h, right), (wrong_h, other) = spin_form(qubo), spin_form(wrong)
    scale = max(abs(h).max() / 4, 24 / 4 / 1, 40 / 4 / 2)
    assert np.std((wrong_h - h) / scale) == pytest.approx(0.05, rel=0.15)
    differences = [other.get_quadratic(i, i + 1) - right.get_quadratic(i, i + 1) for i in range(n - 1)]
    assert np.std(differences) / scale == pytest.approx(0.01, rel=0.15)
    assert other.offset == pytest.approx(right.offset)


def test_errors_are_drawn_from_the_seed(instance):
    solver = bb.load_solver("control_errors")
    draw = lambda seed: solver.perturbed(instance.qubo, np.random.default_rng(seed))  # noqa: E731
    assert draw(1) == draw(1) != draw(2)
    assert draw(1) != instance.qubo


def test_bounds_of_the_wrong_coefficients_are_dropped(instance):
    batches = answers(bb.load_solver("control_errors", inner="cpsat"), instance)
    assert batches
    assert all(batch.lower_bound is None for batch in batches)
