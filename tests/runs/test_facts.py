"""What a solver tells is kept within bounds, and what is dropped is flagged."""

from __future__ import annotations

import numpy as np

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.facts import FACT_LENGTH, MAX_CHARACTERS, MAX_FACTS, Facts
from bnnbench.runs.judge import judge
from bnnbench.runs.outcome import fold
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Batch, Budget


def test_a_fact_is_kept_as_it_was_told_last():
    facts = Facts()

    assert facts.kept({"a": 1, "b": "x"}) == ({"a": 1, "b": "x"}, 0)
    assert facts.kept({"a": np.float64(2.5)}) == ({"a": 2.5}, 0)


def test_no_run_has_more_facts_than_there_is_room_for_and_known_ones_go_on():
    facts = Facts()

    kept, dropped = facts.kept({f"f{k}": k for k in range(10 * MAX_FACTS)})
    again, none = facts.kept({"f0": 7})

    assert (len(kept), dropped) == (MAX_FACTS, 9 * MAX_FACTS)
    assert (again, none) == ({"f0": 7}, 0)


def test_names_for_which_there_is_no_room_cost_next_to_nothing(monkeypatch):
    looked_at = []
    monkeypatch.setattr("bnnbench.runs.facts.beginning", lambda text, _: looked_at.append(text) or str(text))
    many = {f"f{k}": 0.5 for k in range(100_000)}

    Facts().kept(many)
    Facts().times(many)

    assert len(looked_at) <= 4 * MAX_FACTS


def test_text_that_is_told_again_and_again_ends():
    facts = Facts()

    times = 2 * MAX_CHARACTERS // FACT_LENGTH
    sizes = [len(str(facts.kept({"log": "x" * 2 * FACT_LENGTH})[0].get("log", ""))) for _ in range(times)]

    assert sizes[0] == FACT_LENGTH
    assert sum(sizes) <= MAX_CHARACTERS
    assert sizes[-1] == 0


def test_whole_numbers_that_no_column_has_room_for_become_text():
    kept, _ = Facts().kept({"a": 2**63 - 1, "b": 2**63, "c": -(10**400), "d": 10**10_000, "e": True})

    assert (kept["a"], kept["b"], kept["e"]) == (2**63 - 1, str(2**63), True)
    assert kept["c"] == str(-(10**400))
    assert kept["d"].startswith("0x")


def test_no_run_has_more_clocks_than_there_is_room_for_and_known_ones_go_on():
    facts = Facts()

    kept, dropped = facts.times({f"c{k}": 0.5 for k in range(1000)})
    again, none = facts.times({"c0": 2})

    assert (len(kept), dropped) == (MAX_FACTS, 1000 - MAX_FACTS)
    assert (again, none) == ({"c0": 2.0}, 0)


def test_dropped_facts_are_flagged_and_the_run_counts():
    instance = compile_problem(load_problem("parity"))
    bits = np.zeros((1, instance.qubo.num_variables), dtype=np.int8)

    batch = judge(instance, Batch(bits, facts={f"f{k}": k for k in range(MAX_FACTS + 3)}), 0.1)
    outcome = fold([batch], Target(None, None, is_sound=False), Budget(reads=1), status="ok")

    assert outcome.flags == ["told more facts and clocks than are kept of a run, so that 3 were dropped"]
    assert len(outcome.facts) == MAX_FACTS
