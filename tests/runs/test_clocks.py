"""Everything that a solver does is on a clock, and what is no batch of bits is refused."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from bnnbench.errors import CheckError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.loop import run
from bnnbench.solver.answer import taken
from bnnbench.solver.contract import Batch, Budget, Solver

WORK_S = 0.2


class Lazy(dict):
    """Facts that are worked out when they are asked for."""

    def items(self):
        time.sleep(WORK_S)
        return super().items()


class Unfolding(Batch):
    """A batch whose attributes are worked out each time that they are asked for."""

    def __getattribute__(self, name):
        time.sleep(WORK_S if name in ("bits", "evaluations") else 0)
        return super().__getattribute__(name)


class Slow(int):
    """A count that is worked out when it is needed."""

    def __int__(self):
        time.sleep(WORK_S)
        return 1


@dataclass(frozen=True, kw_only=True)
class Hidden(Solver):
    """Works where no clock ran."""

    where: str

    @property
    def gives_one_read(self):
        time.sleep(WORK_S if self.where == "gives_one_read" else 0)
        return False

    def refuses(self, instance):
        time.sleep(WORK_S if self.where in ("refuses", "refuses all") else 0)
        return "not mine" if self.where == "refuses all" else None

    def sample(self, prepared, *, seed, budget):
        time.sleep(WORK_S if self.where == "sample" else 0)
        return self._stream(prepared.qubo.num_variables)

    def _stream(self, n):
        try:
            kind = Unfolding if self.where == "batch" else Batch
            count = Slow(1) if self.where == "evaluations" else None
            facts = Lazy() if self.where == "facts" else {}
            yield kind(np.zeros((1, n), dtype=np.int8), facts=facts, evaluations=count)
            yield Batch(np.zeros((1, n), dtype=np.int8))
        finally:
            time.sleep(WORK_S if self.where == "close" else 0)


@pytest.fixture(scope="module")
def instance():
    return compile_problem(load_problem("parity[size=2]"), "reduced")


@pytest.mark.parametrize(
    ("where", "clock"),
    [
        ("refuses", "prepare_s"),
        ("refuses all", "prepare_s"),
        ("sample", "sample_s"),
        ("gives_one_read", "prepare_s"),
        ("facts", "sample_s"),
        ("evaluations", "sample_s"),
        ("batch", "sample_s"),
        ("close", "sample_s"),
    ],
)
def test_work_is_on_a_clock_wherever_it_is_done(instance, where, clock):
    outcome = run(instance, Hidden(where=where), budget=Budget(reads=1))

    assert getattr(outcome, clock) >= WORK_S
    assert (outcome.judge_s or 0) < WORK_S


def test_a_solver_that_works_nowhere_takes_no_time(instance):
    outcome = run(instance, Hidden(where="nowhere"), budget=Budget(reads=1))

    assert outcome.prepare_s + outcome.sample_s < WORK_S


class Late:
    """An array that is made when it is asked for."""

    def __array__(self, dtype=None, copy=None):
        return np.zeros((1, 2), dtype=np.int8)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (np.zeros((1, 2)), "the solver yielded ndarray; yield bnnbench.Batch"),
        (Batch(Late()), "bits of the type Late; answer a NumPy array of int8"),
        (Batch([[0, 1]]), "bits of the type list"),
        (Batch(np.zeros((1, 3), dtype=np.int8)), r"shape \(1, 3\) where \(k, 2\)"),
        (Batch(np.zeros((1, 2), dtype=np.int64)), "int64, but must be int8"),
        (Batch(np.full((1, 2), -1, dtype=np.int8)), "spins are not bits"),
    ],
)
def test_what_is_no_batch_of_bits_is_refused(answer, sentence):
    with pytest.raises(CheckError, match=sentence):
        taken(answer, 2)


def test_what_is_taken_is_plain():
    batch = taken(Batch(np.ones((1, 2), dtype=np.int8), lower_bound=np.float64(1), facts={"a": [1], "b": 2}), 2)

    assert batch.facts == {"a": "[1]", "b": 2}
    assert type(batch.lower_bound) is float
