"""The adapter `leap_nonlinear`, with enumerated states in the place of the service: no network is touched."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dwave.cloud.testing.mocks import hybrid_nl_solver_data
from dwave.system import LeapHybridNLSampler

import bnnbench as bb
from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Budget

pytestmark = pytest.mark.usefixtures("machine")


class Service:
    """As `LeapHybridNLSampler`; it answers the first states of an enumeration."""

    estimated_min_time_limit = LeapHybridNLSampler.estimated_min_time_limit

    def __init__(self) -> None:
        self.properties = hybrid_nl_solver_data()["properties"]
        self.objectives: list[float] = []

    def sample(self, model: Any, time_limit: float) -> Future[Any]:
        decisions = list(model.iter_decisions())
        size = sum(int(np.prod(weights.shape())) for weights in decisions)
        model.lock()
        model.states.resize(40)
        for state in range(40):
            bits = np.random.default_rng(state).integers(0, 2, size)
            for weights in decisions:
                count = int(np.prod(weights.shape()))
                weights.set_state(state, bits[:count].reshape(weights.shape()))
                bits = bits[count:]
            self.objectives.append(float(model.objective.state(state)))
        done: Future[Any] = Future()
        done.set_result(SimpleNamespace(info={"timing": {"run_time": 5_000_000, "charge_time": 5_000_000}}))
        return done


@pytest.mark.parametrize(
    ("widths", "options"), [([3, 3, 1], {}), ([2, 2, 2], {"bias": True}), ([4, 1], {"loss": "margin"})]
)
def test_the_objective_of_a_state_is_the_loss_of_its_weights(
    widths: list[int], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = bb.load_problem("random_data", widths=widths, samples=6, seed=2, **options)
    instance, service = bb.compile(problem, "compact"), Service()
    solver = load_solver("leap_nonlinear")
    monkeypatch.setattr(type(solver), "sampler", lambda _: service)

    (batch,) = solver.sample(solver.prepare(instance), seed=0, budget=Budget(seconds=6))

    assert problem.training_loss(instance.decode(batch.bits)).tolist() == service.objectives
    assert batch.clocks == {"run_s": 5.0, "charge_s": 5.0}


def test_a_bare_qubo_is_refused() -> None:
    qubo = bb.compile(bb.load_problem("parity"), "reduced").qubo

    assert "needs a network" in str(load_solver("leap_nonlinear").refuses(qubo))
