"""The adapter `leap_cqm`, with dimod's exact solver in the place of the service: no network is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dimod
import numpy as np
import pytest
from dwave.cloud.testing.mocks import hybrid_cqm_solver_data
from dwave.system import LeapHybridCQMSampler

import bnnbench as bb
from bnnbench.errors import RefusedError
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.constrained_model import constrained_model
from bnnbench.qubo.linear_program import network_program
from bnnbench.solver.contract import Batch, Budget, Solver

pytestmark = pytest.mark.usefixtures("machine")


class Service:
    """As `LeapHybridCQMSampler`, with the properties that dwave-cloud-client ships for tests."""

    min_time_limit = LeapHybridCQMSampler.min_time_limit

    def __init__(self, **changes: Any) -> None:
        self.properties = hybrid_cqm_solver_data()["properties"] | changes
        self.asked: list[tuple[dimod.ConstrainedQuadraticModel, float]] = []

    def sample_cqm(self, cqm: dimod.ConstrainedQuadraticModel, time_limit: float) -> dimod.SampleSet:
        self.asked.append((cqm, time_limit))
        answer = dimod.ExactCQMSolver().sample_cqm(cqm)
        best = answer.filter(lambda row: row.is_feasible).lowest()
        best.info.update({"run_time": 5_000_000, "charge_time": 4_000_000})
        return best


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Solver]:
    def build(service: Service, **parameters: Any) -> Solver:
        solver = load_solver("leap_cqm", **parameters)
        monkeypatch.setattr(type(solver), "sampler", lambda _: service)
        return solver

    return build


def ask(solver: Solver, instance: bb.Instance, budget: Budget) -> list[Batch]:
    return list(solver.sample(solver.prepare(instance), seed=0, budget=budget))


@pytest.mark.parametrize("formulation", ["compact", "reduced"])
@pytest.mark.parametrize(
    ("widths", "samples", "options"), [([3, 1], 4, {}), ([2, 1], 3, {"bias": True}), ([1, 2, 1], 2, {})]
)
def test_the_best_weights_of_the_constrained_model_are_optimal(
    connect: Callable[..., Solver], widths: list[int], samples: int, options: dict[str, Any], formulation: str
) -> None:
    problem = bb.load_problem("random_data", widths=widths, samples=samples, seed=2, **options)
    instance = bb.compile(problem, formulation)

    (batch,) = ask(connect(Service()), instance, Budget(seconds=5))

    losses = problem.training_loss(instance.decode(batch.bits))
    assert set(losses.tolist()) == {bb.ground_truth(problem).loss}
    assert batch.clocks == {"run_s": 5.0, "charge_s": 4.0}


def test_a_point_that_keeps_the_constraints_has_the_loss_of_its_weights() -> None:
    problem = bb.load_problem("random_data", widths=[3, 1], samples=3, seed=0)
    model = constrained_model(network_program(problem))

    answer = dimod.ExactCQMSolver().sample_cqm(model.cqm)

    feasible = answer.filter(lambda row: row.is_feasible)
    order = [list(feasible.variables).index(variable) for variable in range(len(model.free))]
    weights = 2 * model.answers(feasible.record.sample[:, order].astype(np.int8)) - 1
    assert len(feasible) == 8
    assert feasible.record.energy.tolist() == problem.training_loss(weights).tolist()


def test_no_penalty_is_handed_over(connect: Callable[..., Solver]) -> None:
    service = Service()
    problem = bb.load_problem("random_data", widths=[3, 1], samples=4, seed=2)

    ask(connect(service), bb.compile(problem, "compact"), Budget(seconds=5))

    ((cqm, limit_s),) = service.asked
    assert (cqm.objective.num_interactions, len(cqm.constraints), limit_s) == (0, 2 * 4, 5)


def test_a_bare_qubo_and_what_is_too_large_are_refused(connect: Callable[..., Solver]) -> None:
    instance = bb.compile(bb.load_problem("parity"), "reduced")

    assert "needs a network" in str(connect(Service()).refuses(instance.qubo))
    with pytest.raises(RefusedError, match=r"leap_cqm: the instance has \d+ constraints, but the solver takes 5"):
        connect(Service(maximum_number_of_constraints=5)).prepare(instance)


def test_the_charge_is_guarded(connect: Callable[..., Solver]) -> None:
    service = Service()
    instance = bb.compile(bb.load_problem("random_data", widths=[3, 1], samples=4), "reduced")

    with pytest.raises(RefusedError, match=r"leap_cqm: a budget of 3 reads is 3 submissions of 1 s"):
        ask(connect(service, max_charge_seconds=2), instance, Budget(reads=3))

    assert service.asked == []
