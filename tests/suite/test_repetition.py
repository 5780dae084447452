"""Repetitions go on until the success probability is known as narrowly as the suite asks, and not further."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnnbench.cli._campaign import run_campaign
from bnnbench.errors import InputError
from bnnbench.harness.executor import LocalExecutor
from bnnbench.metrics import success_probability
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.forecast import forecast
from bnnbench.suite.planning import plan
from bnnbench.suite.repetition import Precision, Repeater, verdict, verdicts

PRECISION = Precision(at_least=5, at_most=100, width=0.3)


def make_cells(number, solver="s"):
    asked = SimpleNamespace(label=solver, budget=1, parameters={})
    return [SimpleNamespace(key=f"{solver}{k}", instance_hash="i", solver=asked) for k in range(number)]


def outcome(solved):
    return SimpleNamespace(status="ok", loss_gap=0.0 if solved else 1.0)


def simulate(answers, precision=PRECISION, verdicts=(), shuffle=None):
    """Keys that run, when the run number k answers `answers[k]`, in the order that `shuffle` gives."""
    cells = make_cells(precision.at_most)
    repeater = Repeater(cells, dict(verdicts), precision)
    waiting, ran = [cell for cell in repeater.first() if cell.key not in dict(verdicts)], []
    while waiting:
        cell = waiting.pop(shuffle.randrange(len(waiting)) if shuffle else 0)
        ran.append(cell.key)
        waiting += repeater.after(cell, outcome(answers[int(cell.key[1:])]))
    return ran


def width(successes, number):
    _, low, high = success_probability(successes, number)
    return high - low


@given(st.floats(0, 1), st.integers(0, 1000))
def test_it_ends_when_the_interval_is_narrow_enough_and_no_checkpoint_before_was(p, seed):
    draw = random.Random(seed)
    answers = [draw.random() < p for _ in range(PRECISION.at_most)]
    number = len(simulate(answers))
    assert number in set(PRECISION.checkpoints())
    if number < PRECISION.at_most:
        assert width(sum(answers[:number]), number) <= PRECISION.width
    for before in PRECISION.checkpoints():
        if before < number:
            assert width(sum(answers[:before]), before) > PRECISION.width


@given(st.integers(0, 1000), st.integers(0, 100))
def test_neither_order_nor_interruption_changes_which_runs_there_are(seed, cut):
    draw = random.Random(seed)
    answers = [draw.random() < 0.5 for _ in range(PRECISION.at_most)]
    undisturbed = set(simulate(answers))
    shuffled = simulate(answers, shuffle=draw)
    assert set(shuffled) == undisturbed
    kept = {key: "solved" if answers[int(key[1:])] else "unsolved" for key in shuffled[:cut]}
    assert set(simulate(answers, verdicts=kept.items())) | set(kept) == undisturbed


def test_certain_successes_take_few_runs_and_even_chances_many():
    assert len(simulate([True] * 100)) == 9
    assert len(simulate([k % 2 == 0 for k in range(100)])) > 35


def test_what_cannot_be_decided_is_not_repeated_for_ever():
    repeater = Repeater(make_cells(100), {}, PRECISION)
    first = repeater.first()
    assert len(first) == 5
    assert [repeater.after(cell, SimpleNamespace(status="unavailable", loss_gap=None)) for cell in first] == [[]] * 5


def test_without_a_precision_all_cells_run():
    assert len(Repeater(make_cells(7), {}, None).first()) == 7


@pytest.mark.parametrize(
    ("status", "gap", "expected"),
    [
        ("ok", 0.0, "solved"),
        ("ok", 1.0, "unsolved"),
        ("ok", None, "undecided"),
        ("timeout", 0.0, "unsolved"),
        ("crash", None, "unsolved"),
        ("refused", None, "undecided"),
        ("unavailable", None, "undecided"),
    ],
)
def test_failed_runs_are_unsolved(status, gap, expected):
    assert verdict(status, gap) == expected


SUITE = """
repetitions = 40
[precision]
width = {width}
[budget]
reads = {reads}
[[problems]]
name = "majority"
[[formulations]]
name = "compact"
[[solvers]]
name = "exhaustive"
[[solvers]]
name = "random"
[[solvers]]
name = "dwave"
"""


def test_a_suite_asks_for_a_precision_and_resumes_to_it(tmp_path: Path):
    path = tmp_path / "s.toml"
    path.write_text(SUITE.format(width=0.4, reads=3))
    planned = plan(read_suite(path), tmp_path)
    for _ in range(2):
        with open_store(tmp_path / "out") as store:
            run_campaign(planned, store, LocalExecutor())
    with read_store(tmp_path / "out") as store:
        runs = store.runs()
        known = verdicts(store.endings())
    counts = runs.groupby("solver").size()
    with read_store(tmp_path / "out") as store:
        found = forecast(planned, store.rows("runs"), store.finished())
    assert (len(found.done), len(found.waiting)) == (counts["exhaustive"] + counts["random"], 0), "none would run"
    assert counts["exhaustive"] == 6, "of 5, the exact bound leaves 0.45"
    assert counts["dwave"] == 5, "unavailable: asked again by the second call, but never more of them"
    solved = [known[key] == "solved" for key in runs.loc[runs["solver"] == "random"].sort_values("repetition")["key"]]
    assert counts["random"] == 40 or width(sum(solved), len(solved)) <= 0.4


@pytest.mark.parametrize("text", ["width = 0", "width = 1.5", "at_least = 3", "width = 0.2\nat_least = 0"])
def test_a_wrong_precision_is_a_sentence(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(SUITE.format(width=0.4, reads=3).replace("width = 0.4", text))
    with pytest.raises(InputError, match=r"suite file .*precision"):
        read_suite(path)
