"""A forecast says what a campaign would do, and does nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from stored_cells import add_everything, make_cell

from bnnbench.runs.outcome import Outcome
from bnnbench.store.file import FILE
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.forecast import forecast
from bnnbench.suite.planning import plan

SUITE = """
repetitions = 2
[budget]
seconds = 3
reads = 10
[[problems]]
name = "majority"
[[problems]]
name = "majority"
size = 5
[[formulations]]
name = "sasdelli"
[[formulations]]
name = "soft"
[[solvers]]
name = "random"
[[solvers]]
name = "steepest_descent"
budget = { reads = 5 }
[[solvers]]
name = "picky.py"
[[solvers]]
name = "absent.py"
"""

PICKY = '''
"""Likes small problems."""

from dataclasses import dataclass

from bnnbench import Solver


@dataclass(frozen=True, kw_only=True)
class Picky(Solver):
    def refuses(self, instance):
        return f"picky: {instance.qubo.num_variables} are too many." if instance.qubo.num_variables > 40 else None

    def sample(self, prepared, *, seed, budget):
        raise SystemExit("nobody runs me")
'''

ABSENT = '''
"""Needs what is not there."""

from dataclasses import dataclass

from bnnbench import Solver


@dataclass(frozen=True, kw_only=True)
class Absent(Solver):
    needs = ("no-such-distribution",)

    def sample(self, prepared, *, seed, budget):
        raise SystemExit("nobody runs me")
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "suite.toml").write_text(SUITE)
    (tmp_path / "picky.py").write_text(PICKY)
    (tmp_path / "absent.py").write_text(ABSENT)
    return tmp_path


@pytest.fixture
def run(folder, bnnbench_):
    return lambda *options: bnnbench_("run", folder / "suite.toml", "--out", folder / "out", *options)


def planned(folder):
    return plan(read_suite(folder / "suite.toml"), folder)


def test_every_cell_is_somewhere_once(folder):
    found = forecast(planned(folder), [], set())
    cells = [*found.done, *(cell for cell, *_ in (*found.unavailable, *found.refused, *found.waiting))]
    assert {cell.key for cell in cells} == {cell.key for cell in planned(folder).cells()}
    assert len(cells) == 3 * 4 * 2
    assert {cell.solver.label for cell, _ in found.unavailable} == {"absent"}
    assert len(found.unavailable) == 6
    assert {cell.solver.label for cell, _ in found.refused} == {"picky"}
    assert 0 < len(found.refused) < 6
    assert "fan-in 3, 7 and 15" in found.left_out[0]
    assert found.is_complete


def test_times_come_from_the_budget_until_there_are_runs(folder, run):
    empty = forecast(planned(folder), [], set())
    assert {seconds for cell, seconds in empty.waiting if cell.solver.label == "random"} == {3.0}
    assert {seconds for cell, seconds in empty.waiting if cell.solver.label == "steepest_descent"} == {None}
    assert empty.num_unknown == 6
    run("--solver", "steepest_descent", "--repetitions", "1")
    with read_store(folder / "out") as store:
        rows, finished = store.rows("runs"), store.finished()
    later = forecast(planned(folder), rows, finished)
    assert len(later.done) == 3
    assert later.num_unknown == 0
    assert all(
        0 < seconds < 3 for cell, seconds in later.waiting if cell.solver.label == "steepest_descent"
    )  # as measured


def test_a_solver_that_there_is_no_time_to_ask_is_not_called_refused(folder):
    found = forecast(planned(folder), [], set(), ask_s=0)
    assert not found.refused
    assert not found.is_complete


def test_a_dry_run_prints_all_this_and_creates_nothing(folder, run):
    before = sorted(folder.rglob("*"))
    code, out, err = run("--dry-run")
    assert (code, err) == (0, "")
    assert [p for p in sorted(folder.rglob("*")) if "__pycache__" not in str(p)] == before
    lines = out.splitlines()
    assert sum(line.startswith("to run: ") for line in lines) >= 12
    assert any(line.startswith("unavailable: absent: no-such-distribution not installed") for line in lines)
    assert any(line.startswith("refused: picky: ") and "are too many." in line for line in lines)
    assert any(line.startswith("left out: ") for line in lines)
    assert "24 runs: 0 done before, 6 unavailable, " in lines[-1]
    assert "(h:mm:ss; as runs before took, or else whole budgets) and 6 runs of a budget in reads, whose" in lines[-1]


def test_many_cells_are_counted_and_the_store_stays_as_it_is(folder, run):
    run("--solver", "random", "--reads", "10")
    before = (folder / "out" / FILE).read_bytes()
    _, out, _ = run("--dry-run", "--repetitions", "40")
    assert (folder / "out" / FILE).read_bytes() == before
    assert "to run: " not in out
    (row,) = [line.split() for line in out.splitlines() if line.split()[:2] == ["sasdelli", "random"]]
    assert row[-4:] == ["38", "2", "–", "–"]


def on_a_terminal(folder, *options):
    """What a run writes to a terminal on standard error."""
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "bnnbench", "run", "suite.toml", "--out", "out", "--solver", "random", *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=end)
    os.close(end)
    text = b""
    while True:
        try:
            text += os.read(terminal, 4096)
        except OSError:  # the other side was closed
            break
    os.close(terminal)
    assert process.wait() == 0
    return text.decode()


def test_follow_prints_a_line_per_run_on_a_terminal_too(folder):
    assert "ok: random on" not in on_a_terminal(folder)
    assert on_a_terminal(folder, "--follow", "--repetitions", "4").count("ok: random on") == 6


def test_a_table_is_shown_while_its_store_is_written(tmp_path, bnnbench_):
    counts = []
    with open_store(tmp_path) as store:
        for repetition in range(3):
            add_everything(store, make_cell(repetition, repetition=repetition), Outcome("ok", energy=1.0))
            code, shown, err = bnnbench_("show", tmp_path)
            assert (code, err) == (0, "")
            counts.append(re.search(r": (\d+) run", shown)[1])

    assert counts == ["1", "2", "3"]
