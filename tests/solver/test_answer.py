"""What a solver answers is made real, or refused with a sentence, for `run` and for `check` alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from broken_solvers import Sound

from bnnbench.errors import CheckError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.conformance import run_check
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.loop import run
from bnnbench.solver.answer import taken
from bnnbench.solver.contract import Batch, Budget

INSTANCE = compile_problem(load_problem("random_function", size=3, hidden=[], samples=3), "reduced")
BITS = np.ones((3, 5), dtype=np.int8)

WRONG = {
    "an array": (lambda bits: bits, "yielded ndarray"),
    "nothing": (lambda _: None, "yielded NoneType"),
    "a list": (lambda bits: Batch(bits.tolist()), "bits of the type list"),
    "narrow": (lambda bits: Batch(bits[:, :-1]), "an array of shape"),
    "wide": (lambda bits: Batch(np.hstack([bits, bits])), "an array of shape"),
    "flat": (lambda bits: Batch(bits[0]), "an array of shape"),
    "deep": (lambda bits: Batch(bits[None]), "an array of shape"),
    "empty": (lambda bits: Batch(bits[:0]), "an array of shape"),
    "spins": (lambda bits: Batch(np.int8(1) - np.int8(2) * bits), "values other than 0 and 1"),
    "twos": (lambda bits: Batch(np.int8(2) * np.ones_like(bits)), "values other than 0 and 1"),
    "halves": (lambda bits: Batch(bits / 2), "values other than 0 and 1"),
    "text": (lambda bits: Batch(bits.astype(str)), "values other than 0 and 1"),
    "int64": (lambda bits: Batch(bits.astype(np.int64)), "bits that are int64"),
    "truth values": (lambda bits: Batch(bits.astype(bool)), "bits that are bool"),
    "another phase": (lambda bits: Batch(bits, phase="warm"), "the phase 'warm'"),
    "evaluations below 0": (lambda bits: Batch(bits, evaluations=-1), "-1 evaluations"),
    "half an evaluation": (lambda bits: Batch(bits, evaluations=0.5), "0.5 evaluations"),
    "true evaluations": (lambda bits: Batch(bits, evaluations=True), "True evaluations"),
    "endless evaluations": (lambda bits: Batch(bits, evaluations=2**53), "evaluations; count whole ones"),
}


@dataclass(frozen=True, kw_only=True)
class Changed(Sound):
    """Answers what is made of sound bits."""

    change: Any

    def sample(self, prepared, *, seed, budget):
        for batch in super().sample(prepared, seed=seed, budget=budget):
            yield self.change(batch.bits)


def test_plain_bits_are_taken():
    assert taken(Batch(BITS), 5).bits.tolist() == BITS.tolist()


@pytest.mark.parametrize("name", WRONG)
def test_check_refuses_what_a_run_refuses(name):
    change, sentence = WRONG[name]

    with pytest.raises(CheckError, match=sentence):
        taken(change(BITS), 5)
    with pytest.raises(CheckError, match=sentence):
        run(INSTANCE, Changed(change=change), budget=Budget(reads=1))
    result = run_check("bits", Changed(change=change))

    assert (result.verdict, sentence in result.sentence) == ("failed", True)


@pytest.mark.parametrize("answer", [None, 7])
def test_what_is_no_stream_is_refused_by_both(answer):
    class Silent(Sound):
        def sample(self, prepared, *, seed, budget):
            return answer

    with pytest.raises(CheckError, match="the solver's sample returned"):
        run(INSTANCE, Silent(), budget=Budget(reads=1))
    assert "the solver's sample returned" in run_check("bits", Silent()).sentence


def test_a_run_that_ends_while_its_solver_trains_is_an_error():
    solver = Changed(change=lambda bits: Batch(bits, phase="training"))

    outcome = run(INSTANCE, solver, budget=Budget(seconds=0.01))

    assert (outcome.status, outcome.num_reads) == ("error", 0)
    assert "before it answered a read" in outcome.message
    assert outcome.loss is not None, "what it found is found"
