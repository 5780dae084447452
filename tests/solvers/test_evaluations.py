"""What trains is no read of the result, and work is counted in elementary steps."""

from __future__ import annotations

from typing import Any

import dimod
import pytest

import bnnbench as bb
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import qubo_from_bqm

NUM_VARIABLES, NUM_WEIGHTS, NUM_SAMPLES, READS = 9, 3, 3, 7


@pytest.fixture(scope="module")
def instance() -> Instance:
    """Three samples for a perceptron of three weights: nine variables."""
    return bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=NUM_SAMPLES), "compact")


@pytest.mark.parametrize(
    ("solver", "parameters", "per_read"),
    [
        ("simulated_annealing", {"num_sweeps": 10}, 10 * NUM_VARIABLES),
        ("path_integral", {"num_sweeps": 10}, 10 * NUM_VARIABLES),
        ("openjij", {"num_sweeps": 10}, 10 * NUM_VARIABLES),
        ("openjij_sqa", {"num_sweeps": 10, "trotter": 3}, 3 * 10 * NUM_VARIABLES),
        ("simulated_bifurcation", {"num_steps": 10}, 10 * NUM_VARIABLES),
        ("weight_search", {"num_sweeps": 10}, 10 * NUM_WEIGHTS),
        ("embedded", {"inner": "simulated_bifurcation[num_steps=10]"}, None),
    ],
)
def test_a_read_counts_its_steps(
    solver: str, parameters: dict[str, Any], per_read: int | None, instance: Instance
) -> None:
    adapter = bb.load_solver(solver, **parameters)
    if reason := adapter.unavailable():
        pytest.skip(reason)

    outcome = bb.run(instance, adapter, budget=bb.Budget(reads=READS))

    expected = READS * (per_read or 10 * outcome.facts.get("num_physical", 0))
    assert outcome.evaluations == expected


def test_gradient_steps_end_where_all_restarts_have_learned_everything(instance: Instance) -> None:
    outcome = bb.run(instance, "straight_through", budget=bb.Budget(reads=READS))
    reads = [batch.num_reads for batch in outcome.batches]
    steps = [divmod(batch.evaluations or 0, batch.num_reads * NUM_SAMPLES) for batch in outcome.batches]
    assert sum(reads) == READS
    assert all(rest == 0 and 1 <= number <= 500 for number, rest in steps)


def test_steepest_descent_counts_the_step_that_finds_nothing(instance: Instance) -> None:
    outcome = bb.run(instance, "steepest_descent", budget=bb.Budget(reads=READS))
    assert (outcome.evaluations or 0) % NUM_VARIABLES == 0
    assert (outcome.evaluations or 0) >= READS * NUM_VARIABLES


def test_tabu_counts_the_flips_that_its_restarts_consider(instance: Instance) -> None:
    outcome = bb.run(instance, bb.load_solver("tabu", num_restarts=2), budget=bb.Budget(reads=3))

    assert outcome.evaluations == 3 * 500_000 * (1 + 2)


def test_a_tree_counts_the_entries_of_its_tables() -> None:
    chain = dimod.BinaryQuadraticModel({0: 1.0, 1: 1.0, 2: 1.0}, {(0, 1): 1.0, (1, 2): 1.0}, 0.0, "BINARY")

    (batch,) = (solver := bb.load_solver("tree")).sample(
        solver.prepare(qubo_from_bqm(chain)), seed=0, budget=bb.Budget(reads=1)
    )

    assert batch.evaluations == 4 + 4 + 2, "two tables of two variables, and one of the last"


@pytest.mark.parametrize("solver", ["qaoa", "qaoa_diagonal"])
def test_shots_for_training_are_no_reads(solver: str, instance: Instance) -> None:
    adapter = bb.load_solver(solver, reps=1, maxiter=5, **({"shots": 50} if solver == "qaoa" else {}))
    outcome = bb.run(instance, adapter, budget=bb.Budget(reads=120))

    training = [batch for batch in outcome.batches if batch.num_reads == 0]
    final = [batch for batch in outcome.batches if batch.num_reads]
    assert training
    assert training == list(outcome.batches[: len(training)])
    assert [batch.num_reads for batch in final] == ([50, 50, 20] if solver == "qaoa" else [1, 1, 2, 4, 8, 16, 32, 56])
    assert outcome.num_reads == 120
    assert outcome.evaluations == sum(batch.evaluations for batch in training) + 120, "one layer per shot"
    assert outcome.mean_loss == pytest.approx(sum(b.mean_loss * b.num_reads for b in final) / 120)
    assert outcome.loss_successes == sum(
        count for batch in final for loss, count in batch.loss_levels if loss == (outcome.loss or 0) - outcome.loss_gap
    )


@pytest.mark.parametrize("solver", ["qaoa", "qaoa_diagonal"])
def test_the_final_state_is_sampled_until_the_seconds_are_spent(solver: str, instance: Instance) -> None:
    adapter = bb.load_solver(solver, reps=1, maxiter=4, **({"shots": 10} if solver == "qaoa" else {}))
    outcome = bb.run(instance, adapter, budget=bb.Budget(seconds=0.5))
    assert outcome.num_reads > 10
    assert (outcome.sample_s or 0) >= 0.5
