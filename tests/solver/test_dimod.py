"""Any sampler of dimod's kind as a solver: calls, seeds and schedules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import dimod
import numpy as np
import pytest
from strategies import random_problem

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_solver
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Budget
from bnnbench.solver.dimod import DimodSolver
from bnnbench.solver.schedule import estimated_beta_range


class Recorder(dimod.Sampler):
    """Answers random bits; remembers how it was called."""

    parameters: ClassVar[dict[str, Any]] = {}
    properties: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def sample(self, bqm: dimod.BinaryQuadraticModel, **parameters: Any) -> dimod.SampleSet:
        self.calls.append(parameters)
        generator = np.random.default_rng(parameters["seed"])
        bits = generator.integers(0, 2, (parameters["num_reads"], bqm.num_variables))
        return dimod.SampleSet.from_samples_bqm((bits, list(bqm.variables)), bqm)


@dataclass(frozen=True, kw_only=True)
class Plain(DimodSolver):
    recorder: Recorder
    hot: tuple[float, float] | None = None

    def sampler(self) -> Recorder:
        return self.recorder

    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        given = {} if self.hot is None else {"hot": self.hot}
        return {"num_reads": num_reads, "seed": seed, **given}


class Scheduled(Plain):
    def schedule(self, qubo: Qubo) -> dict[str, tuple[float, float]]:
        return {"hot": self.hot or estimated_beta_range(qubo)}


def qubo() -> Qubo:
    none = np.zeros(0, dtype=np.int32)
    return make_qubo(np.ones(3), none, none, np.zeros(0), 0.0)


def calls(solver: Plain, reads: int = 25) -> list[dict[str, Any]]:
    bits = [batch.bits for batch in solver.sample(solver.prepare(qubo()), seed=0, budget=Budget(reads=reads))]
    assert sum(map(len, bits)) == reads
    return solver.recorder.calls


def test_each_call_has_a_seed_of_its_own() -> None:
    seeds = [call["seed"] for call in calls(Plain(recorder=Recorder()))]

    assert len(set(seeds)) == len(seeds) > 1
    assert seeds == [call["seed"] for call in calls(Plain(recorder=Recorder()))]


def test_a_schedule_is_handed_to_every_call_and_told() -> None:
    solver = Scheduled(recorder=Recorder(), hot=(1.0, 2.0))
    batches = list(solver.sample(solver.prepare(qubo()), seed=0, budget=Budget(reads=25)))

    assert {call["hot"] for call in solver.recorder.calls} == {(1.0, 2.0)}
    assert len(solver.recorder.calls) == len(batches) > 1
    assert all(batch.facts == {"first_hot": 1.0, "last_hot": 2.0} for batch in batches)
    assert all("hot" not in call for call in calls(Plain(recorder=Recorder())))


@pytest.mark.parametrize("wrapper", ["embedded[topology_size=2]", "control_errors[bias_error=0,coupling_error=0]"])
def test_wrappers_hand_a_schedule_on(wrapper: str) -> None:
    name, _, rest = wrapper.partition("[")
    inner = "simulated_annealing[beta_range=[0.5,3.0]]"
    solver = load_solver(name, inner=inner, **dict(_number(part) for part in rest[:-1].split(",")))
    instance = compile_problem(random_problem((3, 1), 2))

    batch = next(iter(solver.sample(solver.prepare(instance), seed=0, budget=Budget(reads=1))))

    assert batch.facts["first_beta"] == 0.5
    assert batch.facts["last_beta"] == 3.0


def _number(part: str) -> tuple[str, int]:
    name, _, value = part.partition("=")
    return name, int(value)


def test_an_estimated_schedule_is_not_moved_by_rounding_or_by_a_penalty_just_above_its_bound() -> None:
    problem = random_problem((7, 3, 1), 20)
    at = estimated_beta_range(compile_problem(problem, "reduced", penalty=1).qubo)
    above = estimated_beta_range(compile_problem(problem, "reduced", penalty=1.01).qubo)
    exact = compile_problem(problem, "soft").qubo
    noise = 1e-17 * np.random.default_rng(0).normal(size=exact.num_variables)
    rough = Qubo(exact.linear + noise, exact.rows, exact.cols, exact.couplings, exact.offset)

    assert above == pytest.approx(at, rel=0.1)
    assert estimated_beta_range(rough) == pytest.approx(estimated_beta_range(exact), rel=1e-6)
    assert all(0 < beta < 1e3 for beta in estimated_beta_range(exact))


def test_an_estimated_schedule_scales_with_the_energy() -> None:
    one = compile_problem(random_problem((7, 3, 1), 20), "reduced").qubo
    ten = Qubo(10 * one.linear, one.rows, one.cols, 10 * one.couplings, 10 * one.offset)

    assert [10 * beta for beta in estimated_beta_range(ten)] == pytest.approx(estimated_beta_range(one))
    assert estimated_beta_range(Qubo(0 * one.linear, one.rows[:0], one.cols[:0], one.couplings[:0], 0.0)) == (1, 1)


def test_long_runs_take_few_calls() -> None:
    assert len(calls(Plain(recorder=Recorder()), reads=100_000)) < 100
