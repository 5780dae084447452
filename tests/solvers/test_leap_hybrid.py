"""The adapter `leap_hybrid`, with a sampler of local minima in the place of the service: no network is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dimod
import numpy as np
import pytest
from dwave.cloud import exceptions
from dwave.cloud.testing.mocks import hybrid_bqm_solver_data
from dwave.samplers import SteepestDescentSampler
from dwave.system import LeapHybridSampler
from mock_qpu import planted

import bnnbench as bb
from bnnbench.errors import InputError, RefusedError, UnavailableError
from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Batch, Budget, Solver

pytestmark = pytest.mark.usefixtures("machine")

TOKEN = "SECRET-0123456789abcdef"
TARGET = [0, 1, 1, 0, 1, 0, 0, 1]


class Service:
    """As `LeapHybridSampler`, with the properties that dwave-cloud-client ships for tests; 1 s is its least limit."""

    min_time_limit = LeapHybridSampler.min_time_limit

    def __init__(self, num_reads: int = 1, **changes: Any) -> None:
        self.properties = hybrid_bqm_solver_data()["properties"] | changes
        self.num_reads = num_reads
        self.asked: list[dict[str, Any]] = []

    def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
        self.asked.append(keywords)
        answer = SteepestDescentSampler().sample(bqm, num_reads=self.num_reads)
        answer.info.clear()
        answer.info.update({"run_time": 5_026_351, "charge_time": 5_000_000, "qpu_access_time": 319_883})
        return answer


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Solver]:
    def build(service: Service, **parameters: Any) -> Solver:
        solver = load_solver("leap_hybrid", **parameters)
        monkeypatch.setattr(type(solver), "sampler", lambda _: service)
        return solver

    return build


def run(solver: Solver, budget: Budget) -> list[Batch]:
    return list(solver.sample(solver.prepare(planted(TARGET)), seed=0, budget=budget))


def test_answers_each_variable_in_its_place(connect: Callable[..., Solver]) -> None:
    (batch,) = run(connect(Service(num_reads=50)), Budget(seconds=3))

    assert batch.bits.dtype == np.int8
    assert batch.bits.shape == (50, 8)
    assert batch.bits[planted(TARGET).energies(batch.bits).argmin()].tolist() == TARGET


@pytest.mark.parametrize(
    ("parameters", "budget", "limits"),
    [
        ({}, Budget(seconds=3), [3]),
        ({}, Budget(seconds=3, reads=100), [3]),
        ({}, Budget(reads=3), [1.0068] * 3),
        ({"time_limit_s": 2}, Budget(reads=2), [2] * 2),
        ({"time_limit_s": 2}, Budget(seconds=5), [2] * 3),
        ({"time_limit_s": 2}, Budget(seconds=5, reads=2), [2] * 2),
    ],
)
def test_the_time_limit_comes_from_the_budget(
    connect: Callable[..., Solver], parameters: dict[str, Any], budget: Budget, limits: list[float]
) -> None:
    service = Service()
    solver = connect(service, **parameters)

    run(solver, budget)

    assert [asked["time_limit"] for asked in service.asked] == pytest.approx(limits, abs=1e-4)
    assert solver.qpu_seconds(solver.prepare(planted(TARGET)), budget) == pytest.approx(sum(limits), abs=1e-3)  # type: ignore[attr-defined]


def test_no_more_reads_are_answered_or_submitted_than_asked(connect: Callable[..., Solver]) -> None:
    service = Service(num_reads=4)

    batches = run(connect(service), Budget(reads=6))

    assert [len(batch.bits) for batch in batches] == [4, 2]
    assert len(service.asked) == 2


def test_its_times_are_clocks_in_seconds(connect: Callable[..., Solver]) -> None:
    (batch,) = run(connect(Service()), Budget(seconds=5))

    assert batch.clocks == pytest.approx({"run_s": 5.026351, "charge_s": 5.0, "qpu_access_s": 0.319883})


@pytest.mark.parametrize(
    ("parameters", "budget", "sentence"),
    [
        (
            {},
            Budget(seconds=0.5),
            r"a time limit of 0\.5 s came, but for 8 variables the solver takes 1\.00684 to 3600 s",
        ),
        ({"time_limit_s": 0.2}, Budget(reads=1), r"a time limit of 0\.2 s came"),
        ({}, Budget(seconds=4000), r"a time limit of 4000 s came"),
        ({"max_charge_seconds": 9}, Budget(reads=9), r"9 submissions of 1\.00684 s, more than max_charge_seconds=9"),
        ({"max_charge_seconds": 2}, Budget(seconds=3), r"1 submissions of 3 s, more than max_charge_seconds=2"),
    ],
)
def test_what_the_service_or_the_user_does_not_allow_is_refused_before_it_costs(
    connect: Callable[..., Solver], parameters: dict[str, Any], budget: Budget, sentence: str
) -> None:
    service = Service()

    with pytest.raises(RefusedError, match=sentence):
        run(connect(service, **parameters), budget)

    assert service.asked == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"maximum_number_of_variables": 7}, "has 8 variables, but the solver takes 7"),
        ({"maximum_number_of_biases": 35}, "has 36 variables and couplings, but the solver takes 35"),
    ],
)
def test_too_large_an_instance_is_refused(
    connect: Callable[..., Solver], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        connect(Service(**changes)).prepare(planted(TARGET))


def test_without_a_token_it_is_a_row_that_says_how_to_get_one() -> None:
    instance = bb.compile(bb.load_problem("majority"), "reduced")

    outcome = bb.run(instance, "leap_hybrid", budget=Budget(seconds=5))

    assert outcome.status == "unavailable"
    assert outcome.message.startswith("leap_hybrid: no token for D-Wave's cloud; get a token at https://")


def test_a_token_makes_it_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)

    assert load_solver("leap_hybrid").unavailable() is None


def test_the_real_sampler_without_a_token_is_a_sentence() -> None:
    with pytest.raises(UnavailableError, match="leap_hybrid: connecting failed"):
        load_solver("leap_hybrid").prepare(planted(TARGET))


def test_a_named_solver_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("dwave.system.LeapHybridSampler", lambda **config: asked.append(config))

    for parameters in ({}, {"hybrid_solver": "hybrid_binary_quadratic_model_version2"}):
        load_solver("leap_hybrid", **parameters).sampler()  # type: ignore[attr-defined]

    assert asked == [{}, {"solver": {"name": "hybrid_binary_quadratic_model_version2"}}]


def test_a_submission_that_fails_is_a_sentence_without_the_token(
    connect: Callable[..., Solver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWAVE_API_TOKEN", TOKEN)

    class Failing(Service):
        def sample(self, bqm: dimod.BinaryQuadraticModel, **_: Any) -> dimod.SampleSet:
            raise exceptions.SolverAuthenticationError(f"token {TOKEN} is expired")

    with pytest.raises(UnavailableError, match=r"leap_hybrid: a submission failed .*<token> is expired") as caught:
        run(connect(Failing()), Budget(seconds=5))

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "parameters",
    [{"time_limit_s": 0}, {"time_limit_s": float("inf")}, {"max_charge_seconds": -1}, {"hybrid_solver": ""}],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(parameters))):
        load_solver("leap_hybrid", **parameters)
