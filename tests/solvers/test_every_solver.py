"""What holds for every adapter, by whatever name it is registered."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.plugins.entries import entries
from bnnbench.qubo.qubo import make_qubo
from bnnbench.solver.answer import open_stream
from bnnbench.testing import SolverContract

PROBLEMS = {
    "perceptron": ("random_function", {"size": 3, "hidden": [], "samples": 3}),
    "one hidden layer": ("random_function", {"size": 3, "hidden": 2, "samples": 2, "seed": 3}),
    "bias and even fan-in": ("random_data", {"widths": [1, 2, 1], "bias": True, "samples": 2}),
    "two outputs": ("random_data", {"widths": [3, 2], "samples": 2}),
}
# Weaker than the defaults, so that many runs take a moment each.
FAST = {
    "command": {"program": f"awk -v seed={{seed}} -f '{Path(__file__).with_name('guess.awk')}' {{file}}"},
    "cpsat": {},
    "control_errors": {"inner": "simulated_annealing[num_sweeps=200]"},
    "dwave_emulated": {"annealer": "simulated_annealing[num_sweeps=200]", "topology_size": 3},
    "embedded": {"topology_size": 3},
    "openjij": {"num_sweeps": 200},
    "openjij_hubo": {"num_sweeps": 200},
    "lagrangian": {"inner": "simulated_annealing[num_sweeps=200]"},
    "path_integral": {"num_sweeps": 200},
    "openjij_sqa": {"num_sweeps": 200, "trotter": 4},
    "parallel_tempering": {"num_sweeps": 50, "num_temperatures": 6},
    "rotor": {"num_sweeps": 200},
    "qaoa": {"maxiter": 5, "shots": 20},
    "schroedinger_qubo": {"time_ns": 2.0},
    "schroedinger_weights": {"time_ns": 2.0},
    "simulated_annealing": {"num_sweeps": 200},
    "weight_replicas": {"num_sweeps": 50, "replicas": 3},
    "weight_sqa": {"num_sweeps": 50, "trotter_slices": 4},
    "weight_tempering": {"num_sweeps": 50, "temperatures": 3},
    "tabu": {"num_restarts": 0},
}
EXTRAS = (
    "gurobi",
    "highs",
    "maxsat",
    "ommx",
    "openjij",
    "openjij_hubo",
    "openjij_sqa",
    "rotor",
    "scip",
)  # their libraries may be absent


def load(name):
    return bb.load_solver(name, **FAST.get(name, {}))


SOLVERS = [
    name
    for name in entries("solver")
    if name
    not in ("dwave", "leap_cqm", "leap_hybrid", "leap_nonlinear")  # these ask a cloud, and have tests of their own
    and not (name in EXTRAS and load(name).unavailable())
]


def make(problem, loss="zero_one"):
    family, parameters = PROBLEMS[problem]
    return bb.load_problem(family, loss=loss, **parameters)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("problem", "formulation"), list(zip(PROBLEMS, ["reduced", "soft"] * 2, strict=True)))
def test_answers_in_bits_and_never_beats_the_truth(solver, formulation, problem):
    instance = bb.compile(make(problem), formulation)
    adapter = load(solver)
    outcome = bb.run(instance, adapter, budget=bb.Budget(reads=40, seconds=10))
    if outcome.status == "refused":
        assert outcome.message
        return
    assert outcome.status == "ok"
    assert outcome.num_reads >= 1
    assert not outcome.flags
    assert (outcome.evaluations is not None) == bool(adapter.counts)
    assert outcome.loss_gap >= 0
    if instance.is_sound:
        assert outcome.energy_gap >= 0


ON_WEIGHTS = [
    name
    for name in SOLVERS
    if (found := load(name)).works_on == "network" and found.memoryless and found.paradigm == "Classical"
]


@pytest.mark.parametrize("solver", ON_WEIGHTS)
def test_a_read_ends_where_no_output_is_wrong_if_the_solver_says_so(solver):
    inputs = [[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]]
    learned, contradicted = (
        bb.compile(bb.Problem(bb.Network((3, 1)), np.array(inputs), np.array([[target] for target in targets])), "soft")
        for targets in ((1, 1, 1, 1), (1, -1, -1, -1))
    )
    adapter = bb.load_solver(solver)

    easy, hard = (bb.run(instance, adapter, budget=bb.Budget(reads=4)) for instance in (learned, contradicted))

    assert easy.loss == 0 < hard.loss
    assert (easy.evaluations < hard.evaluations) == adapter.ends_at_zero


def first_batch(solver, instance, budget):
    adapter = load(solver)
    with open_stream(adapter, adapter.prepare(instance), seed=1, budget=budget) as stream:
        return next(stream)


@pytest.mark.parametrize("solver", [name for name in SOLVERS if not load(name).watches_clock])
def test_no_clock_ends_a_read_of_a_solver_that_does_not_say_so(solver):
    instance = bb.compile(make("one hidden layer"), "soft")
    if load(solver).refuses(instance):
        instance = bb.compile(make("perceptron"), "hubo")

    in_time, late = (first_batch(solver, instance, bb.Budget(s, reads=5)) for s in (1e6, 1e-6))

    assert np.array_equal(in_time.bits, late.bits)
    assert in_time.evaluations == late.evaluations


@pytest.mark.parametrize("solver", [name for name in SOLVERS if load(name).exact and load(name).watches_clock])
def test_the_clock_ends_a_proof_of_a_solver_that_says_so(solver):
    instance = bb.compile(bb.load_problem("random_data", widths=[7, 3, 1], samples=30), "reduced")

    outcome = bb.run(instance, load(solver), budget=bb.Budget(seconds=1e-6))

    assert not outcome.proved


UNCOUNTED = {"command", "dwave", "leap_cqm", "leap_hybrid", "leap_nonlinear", "ommx"}
"""Foreign programs and machines, which tell no steps."""


def test_only_foreign_programs_and_machines_count_nothing():
    ours = [name for name, entry in entries("solver").items() if entry.distribution == "bnnbench"]
    required = {"command": {"program": "true"}, "ommx": {"adapter": "a:b"}}

    counting = {name for name in ours if bb.load_solver(name, **required.get(name, {})).counts}

    assert set(ours) - counting == UNCOUNTED


@pytest.fixture(scope="module")
def wide():
    """A fan-in that no eight bits hold: bits and data are int8, counts and their squares are not."""
    return bb.compile(bb.load_problem("random_data", widths=[511, 1], samples=1), "soft")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_wide_neuron_is_trained_or_refused_with_a_sentence(wide, solver):
    adapter = load(solver)
    budget = bb.Budget(seconds=1) if adapter.exact else bb.Budget(reads=1, seconds=60)

    try:
        outcome = bb.run(wide, adapter, budget=budget, keep_samples=True)
    except bb.InputError as error:
        assert "no minor embedding" in str(error)  # noqa: PT017  which a larger graph would have
        return

    if outcome.status == "refused" or (outcome.status == "timeout" and adapter.exact):
        assert re.search(r"\w+ \w+", outcome.message)
        return
    assert outcome.status == "ok", outcome.message
    bits = outcome.sampleset.record.sample.astype(np.int8)
    losses = wide.problem.training_loss(wide.decode(bits))
    assert outcome.energy == pytest.approx(wide.qubo.energies(bits).min())
    assert outcome.loss <= losses.min()
    assert outcome.loss in (0, 1)


@pytest.mark.parametrize("solver", [name for name in SOLVERS if load(name).exact])
@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_exact_solvers_reach_the_truth_and_prove_it(solver, loss, problem):
    made = make(problem, loss)
    instance = bb.compile(made, "reduced", penalty=bb.penalty_bound(made.network, made.loss_weights))
    outcome = bb.run(instance, load(solver), budget=bb.Budget(seconds=30))
    assert outcome.energy_gap == pytest.approx(0, abs=1e-9)
    assert outcome.proved
    assert (outcome.num_reads, outcome.loss_successes) == (1, 1)


def test_cpsat_proves_the_minimum_over_all_bits_where_lambda_is_below_the_bound():
    problem = bb.load_problem("random_data", widths=[1, 2, 1], samples=1, seed=1)
    instance = bb.compile(problem, "compact", penalty=0.2)
    assert instance.qubo.num_variables <= 16
    bits = np.array(list(itertools.product((0, 1), repeat=instance.qubo.num_variables)), dtype=np.int8)
    outcome = bb.run(instance, bb.load_solver("cpsat"), budget=bb.Budget(seconds=30))
    assert outcome.proved
    assert outcome.energy == pytest.approx(instance.qubo.energies(bits).min())


class TestContract(SolverContract):
    """What a third party's adapter must pass; one that is installed joins by its name."""

    @pytest.fixture(params=list(entries("solver")))
    def solver(self, request):
        """Every registered solver, weakened so that its checks take a moment."""
        return load(request.param)


@pytest.mark.parametrize("solver", SOLVERS)
def test_is_available_and_described(solver):
    adapter = load(solver)
    assert adapter.unavailable() is None
    assert "absent" not in adapter.versions.values()
    assert entries("solver")[solver].summary.endswith(".")


AROUND = ["embedded[inner={}]", "control_errors[inner={}]", "dwave_emulated[annealer={}]"]


@pytest.mark.parametrize("wrapper", AROUND)
def test_reads_around_a_solver_are_independent_draws_where_its_own_are(wrapper):
    for inner, is_memoryless in (("simulated_annealing", True), ("cpsat", False)):
        assert bb.load_solver(inner).memoryless is is_memoryless
        assert bb.load_solver(wrapper.format(inner)).memoryless is is_memoryless


@pytest.mark.parametrize("wrapper", [*AROUND, "lagrangian[inner={}]"])
def test_a_solver_around_another_uses_its_threads(wrapper):
    for inner, threads in (("simulated_annealing", 1), ("cpsat[num_workers=3]", 3)):
        assert bb.load_solver(wrapper.format(inner)).threads == threads


def test_exhaustive_and_network_solvers_refuse_a_bare_qubo():
    qubo = make_qubo(np.ones(2), np.array([0]), np.array([1]), np.ones(1), 0.0)
    for name in ("exhaustive", "cpsat_network"):
        assert "has none" in bb.load_solver(name).refuses(qubo)
