"""A stored run can be run again from the store alone, and gives the same bits."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from commands import call

from bnnbench.errors import InputError
from bnnbench.harness.rerun import rerun
from bnnbench.store.file import FILE
from bnnbench.store.store import read_store

FAILING = Path(__file__).parent / "solvers_that_fail"

SUITE = """
repetitions = 2
[budget]
reads = 20
[[problems]]
name = "parity"
[[problems]]
name = "table"
path = "people.csv"
target = "ill"
[[formulations]]
name = "reduced"
penalty = [1, 2.5]
[[solvers]]
name = "random"
[[solvers]]
name = "simulated_annealing"
num_sweeps = [10, 20]
beta_range = [[0.1, 3.0]]
[[solvers]]
name = "exhaustive"
[[solvers]]
name = "clock.py"
budget = { seconds = 0.2 }
"""

CLOCK = '''
"""As many random reads as time allows."""

import time
from dataclasses import dataclass

import numpy as np

from bnnbench import Batch, Solver


@dataclass(frozen=True, kw_only=True)
class Clock(Solver):
    def sample(self, prepared, *, seed, budget):
        generator = np.random.default_rng(seed + time.time_ns())
        while True:
            time.sleep(0.01)
            yield Batch(generator.integers(2, size=(1, prepared.qubo.num_variables), dtype=np.int8))
'''


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rerun")
    (folder / "suite.toml").write_text(SUITE)
    (folder / "clock.py").write_text(CLOCK)
    (folder / "people.csv").write_text("smoker,sporty,ill\nyes,no,yes\nno,yes,no\nyes,yes,no\nno,no,no\n")
    assert call("run", folder / "suite.toml", "--out", folder / "out") == 0
    (folder / "suite.toml").unlink()
    (folder / "people.csv").unlink()
    return folder / "out"


@pytest.fixture
def results(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


def keys_of(folder, solver):
    with read_store(folder) as store:
        rows = store.runs()
    return list(rows.loc[rows["solver"].str.startswith(solver), "key"])


@pytest.mark.parametrize("solver", ["random", "simulated_annealing", "exhaustive"])
def test_every_run_of_a_budget_in_reads_gives_the_same_bits(finished, solver):
    with read_store(finished) as store:
        for key in keys_of(finished, solver)[::3]:
            done = rerun(store, key)
            assert done.cell.key == key
            assert (done.differences, done.changed, done.is_fixed) == ([], (), True)


def test_the_verb_takes_the_beginning_of_a_key_and_changes_nothing(results, bnnbench_):
    before = (results / FILE).read_bytes()
    (key, *_) = keys_of(results, "simulated_annealing")
    code, out, err = bnnbench_("rerun", key[:12], "--results", results)
    assert (code, err) == (0, "")
    assert "simulated_annealing[num_sweeps=10," in out
    assert "the same answer: ok, num_reads 20, energy" in out
    assert (results / FILE).read_bytes() == before


def change(folder, statement, *values):
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        assert db.execute(statement, values).rowcount > 0


def test_another_answer_of_the_same_work_is_exit_code_1(results, bnnbench_):
    (key, *_) = keys_of(results, "random")
    change(results, "UPDATE runs SET energy = energy - 1 WHERE key = ?", key)
    code, _, err = bnnbench_("rerun", key, "--results", results)
    assert code == 1
    assert "another answer, in energy: ok, num_reads 20" in err
    assert "The same seed and the same work should have given the same bits." in err


def test_another_answer_after_a_change_of_versions_is_told_with_the_change(results, bnnbench_):
    (key, *_) = keys_of(results, "simulated_annealing")
    versions = json.dumps({"dwave-samplers": "0.0.1"})
    change(results, "UPDATE runs SET energy = energy - 1, versions = ? WHERE key = ?", versions, key)
    code, out, _ = bnnbench_("rerun", key, "--results", results)
    assert code == 0
    assert "changed: the version of dwave-samplers was 0.0.1 and is " in out
    assert "what changed may explain it" in out


def test_a_solver_from_a_file_is_asked_for_and_the_clock_is_blamed(results, finished, bnnbench_):
    (key, *_) = keys_of(results, "clock")
    code, out, err = bnnbench_("rerun", key, "--results", results)
    assert code == 2
    assert "the solver clock came from a file, and results hold no paths; give it with --solver" in err
    code, out, err = bnnbench_("rerun", key, "--results", results, "--solver", finished.parent / "clock.py")
    assert (code, err) == (0, "")
    assert "the clock or the machine, not the seed, decided it" in out


def test_a_file_that_was_changed_is_told(results, finished, tmp_path, bnnbench_):
    (tmp_path / "clock.py").write_text(CLOCK + "# changed\n")
    (key, *_) = keys_of(results, "clock")
    _, out, _ = bnnbench_("rerun", key, "--results", results, "--solver", tmp_path / "clock.py")
    assert "changed: the version of file was" in out


def test_a_key_of_no_run_or_of_several_is_a_sentence(finished):
    with read_store(finished) as store:
        with pytest.raises(InputError, match="no run begins with 'xyz'; see the column key"):
            rerun(store, "xyz")
        with pytest.raises(InputError, match=r"runs begin with '', such as .* and .*; give more"):
            rerun(store, "")
