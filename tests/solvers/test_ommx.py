"""OMMX in both directions; skipped where it is not installed, as its versions exclude pandas 3 and protobuf 6."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import make_qubo
from bnnbench.solver.contract import Budget, Solver

pytest.importorskip("ommx", reason="ommx is not installed")
HIGHS = "ommx_highs_adapter:OMMXHighsAdapter"


def answered(solver: Solver, instance: bb.Instance, reads: int = 20) -> np.ndarray:
    (batch,) = solver.sample(solver.prepare(instance), seed=0, budget=Budget(reads=reads))
    return batch.bits


def instance_of(widths: list[int], samples: int, formulation: str = "reduced") -> bb.Instance:
    return bb.compile(bb.load_problem("random_data", widths=widths, samples=samples, seed=1), formulation)


def test_answers_each_variable_in_its_place() -> None:
    pytest.importorskip("ommx_openjij_adapter")
    right, none = np.array([1, 0, 0, 1, 1, 0, 1]), np.zeros(0, dtype=np.int32)
    separable = make_qubo((1.0 - 2.0 * right) * np.arange(1, 8), none, none, np.zeros(0), 3.0)
    solver = load_solver("ommx")

    (batch,) = solver.sample(solver.prepare(separable), seed=0, budget=Budget(reads=5))

    assert batch.bits.tolist() == [right.tolist()] * 5


def test_a_variable_without_a_term_is_drawn_from_the_seed() -> None:
    pytest.importorskip("ommx_openjij_adapter")
    none = np.zeros(0, dtype=np.int32)
    flat, solver = make_qubo(np.array([0.0] * 9 + [-1.0]), none, none, np.zeros(0), 0.0), load_solver("ommx")

    one, again, other = (
        next(iter(solver.sample(solver.prepare(flat), seed=seed, budget=Budget(reads=3)))).bits for seed in (0, 0, 1)
    )

    assert one[:, 9].tolist() == [1, 1, 1]
    assert one.tolist() == again.tolist() != other.tolist()


def test_an_instance_of_ommx_has_the_energies_of_the_qubo() -> None:
    instance = instance_of([3, 3, 1], 3)
    model = load_solver("ommx").prepare(instance).model
    bits = np.random.default_rng(0).integers(0, 2, (20, instance.qubo.num_variables))

    energies = [model.evaluate(dict(enumerate(map(float, row)))).objective for row in bits]

    assert energies == pytest.approx(instance.qubo.energies(bits))
    assert not model.constraints


@pytest.mark.parametrize("widths", [[3, 1], [3, 3, 1]])
def test_an_exact_solver_of_the_constraints_finds_the_least_loss(widths: list[int]) -> None:
    pytest.importorskip("ommx_highs_adapter")
    instance = instance_of(widths, 6)
    solver = load_solver("ommx", adapter=HIGHS, model="network")

    bits = answered(solver, instance)

    (loss,) = instance.problem.training_loss(instance.decode(bits))
    assert loss == bb.ground_truth(instance.problem).loss
    assert len(solver.prepare(instance).model.constraints) > 0


def test_it_is_a_row_like_any_other() -> None:
    pytest.importorskip("ommx_openjij_adapter")

    outcome = bb.run(instance_of([3, 1], 4), "ommx", budget=Budget(reads=50))

    assert (outcome.status, outcome.num_reads, outcome.loss_gap) == ("ok", 50, 0)


def test_an_adapter_that_is_not_there_is_a_sentence() -> None:
    assert "adapter nowhere:Nothing cannot be imported" in str(
        load_solver("ommx[adapter=nowhere:Nothing]").unavailable()
    )


def test_ours_samples_instances_with_and_without_constraints() -> None:
    from ommx.v1 import DecisionVariable, Instance

    from bnnbench.plugins.ommx_adapter import BnnbenchAdapter

    x = [DecisionVariable.binary(i) for i in range(3)]
    value = sum(x[i] * (i + 1) for i in range(3)) + x[0] * x[1] + 0.5
    for constraints, best in (([], 7.5), ([x[0] + x[1] + x[2] <= 2], 5.5), ([x[1] + x[2] == 1], 4.5)):
        instance = Instance.from_components(
            decision_variables=x, objective=value, constraints=constraints, sense=Instance.MAXIMIZE
        )

        answer = BnnbenchAdapter.sample(instance, solver="tabu", num_reads=5, seed=0)

        assert len(answer.sample_ids) == 5
        assert BnnbenchAdapter.solve(instance, solver="tabu", num_reads=5, seed=0).objective == best


def test_a_round_trip_keeps_the_qubo() -> None:
    from bnnbench.plugins.ommx_adapter import BnnbenchAdapter

    instance = instance_of([3, 1], 4)
    adapter = BnnbenchAdapter(load_solver("ommx").prepare(instance).model)
    bits = np.random.default_rng(0).integers(0, 2, (20, instance.qubo.num_variables))

    energies = adapter.sampler_input.energies((bits, range(instance.qubo.num_variables)))

    assert energies == pytest.approx(instance.qubo.energies(bits))
