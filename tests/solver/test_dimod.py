"""Any sampler of dimod's kind as a solver: calls, seeds, and what is estimated once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import dimod
import numpy as np

from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Budget
from bnnbench.solver.dimod import DimodSolver


class Recorder(dimod.Sampler):
    """Answers random bits, and an estimate of a temperature; remembers how it was called."""

    parameters: ClassVar[dict[str, Any]] = {}
    properties: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def sample(self, bqm: dimod.BinaryQuadraticModel, **parameters: Any) -> dimod.SampleSet:
        self.calls.append(parameters)
        generator = np.random.default_rng(parameters["seed"])
        bits = generator.integers(0, 2, (parameters["num_reads"], bqm.num_variables))
        hot = parameters.get("hot", 7.0)
        return dimod.SampleSet.from_samples_bqm((bits, list(bqm.variables)), bqm, info={"hot": hot})


@dataclass(frozen=True, kw_only=True)
class Plain(DimodSolver):
    recorder: Recorder
    hot: float | None = None

    def sampler(self) -> Recorder:
        return self.recorder

    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        given = {} if self.hot is None else {"hot": self.hot}
        return {"num_reads": num_reads, "seed": seed, **given}


class Estimating(Plain):
    estimates: ClassVar[tuple[str, ...]] = ("hot",)


def qubo() -> Qubo:
    none = np.zeros(0, dtype=np.int32)
    return make_qubo(np.ones(3), none, none, np.zeros(0), 0.0)


def calls(solver: Plain, reads: int = 25) -> list[dict[str, Any]]:
    bits = [batch.bits for batch in solver.sample(solver.prepare(qubo()), seed=0, budget=Budget(reads=reads))]
    assert sum(map(len, bits)) == reads
    return solver.recorder.calls


def test_each_call_has_a_seed_of_its_own() -> None:
    seeds = [call["seed"] for call in calls(Plain(recorder=Recorder()))]

    assert len(set(seeds)) == 3
    assert seeds == [call["seed"] for call in calls(Plain(recorder=Recorder()))]


def test_what_the_first_call_estimates_is_handed_to_the_others() -> None:
    assert [call.get("hot") for call in calls(Estimating(recorder=Recorder()))] == [None, 7.0, 7.0]
    assert [call.get("hot") for call in calls(Plain(recorder=Recorder()))] == [None, None, None]


def test_what_is_given_is_not_estimated() -> None:
    assert [call["hot"] for call in calls(Estimating(recorder=Recorder(), hot=2.0))] == [2.0, 2.0, 2.0]


def test_long_runs_take_few_calls() -> None:
    assert len(calls(Plain(recorder=Recorder()), reads=100_000)) < 100
