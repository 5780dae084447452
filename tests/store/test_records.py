"""Records are the least losses known, each with weights that anybody can check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from suite_texts import suite_text

from bnnbench.errors import CheckError, InputError
from bnnbench.harness.campaign import Campaign, find_truths
from bnnbench.store.records import better_records, check_records, read_records, records_text
from bnnbench.store.store import open_store, read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

SUITE = suite_text(
    {"name": "distinct_rows", "widths": [[5, 1]], "load": 1.6, "labels": "random", "seed": [0, 1]},
    formulations=["compact"],
    budget={"reads": 20},
)


FAILS_LATE = """
from dataclasses import dataclass
import numpy as np
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class FailsLate(bb.Solver):
    def sample(self, prepared, *, seed, budget):
        yield bb.Batch(np.ones((1, prepared.qubo.num_variables), dtype=np.int8))
        raise RuntimeError("no more")
"""


def run(folder):
    """Run the suite of a folder; the folder of its store, and its problems by hash."""
    planned = plan(read_suite(folder / "suite.toml"), folder)
    with open_store(folder / "out") as store:
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        list(Campaign(store, planned.suite.limits, truths).run(list(planned.cells())))
    return folder / "out", {problem.hash: problem for problem in planned.problems}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A store of two runs, and its problems by hash."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "suite.toml").write_text(SUITE)
    return run(folder)


@pytest.fixture
def found(results):
    """The records of the results."""
    with read_store(results[0]) as store:
        return better_records(store, {}, results[1], "Ada")


def test_results_break_records_that_are_not_there(results, found):
    assert {record.problem_hash for record in found.values()} == set(results[1])
    assert {(record.who, record.solver) for record in found.values()} == {("Ada", "random")}
    check_records(found, results[1])


def test_only_a_lower_loss_breaks_a_record(results, found):
    first, second = found.values()
    known = {first.problem_hash: first, second.problem_hash: replace(second, loss=second.loss + 1)}
    with read_store(results[0]) as store:
        assert list(better_records(store, known, results[1], "Bo")) == [second.problem_hash]


def test_what_a_run_found_before_it_failed_is_a_record(tmp_path):
    (tmp_path / "fails_late.py").write_text(FAILS_LATE)
    (tmp_path / "suite.toml").write_text(SUITE.replace('name = "random"', 'name = "fails_late.py"'))

    folder, problems = run(tmp_path)

    with read_store(folder) as store:
        assert set(store.runs()["status"]) == {"error"}
        found = better_records(store, {}, problems, "Ada")
    assert set(found) == set(problems)
    check_records(found, problems)


def test_records_are_read_back(found, tmp_path):
    (tmp_path / "records.csv").write_text(records_text(found.values()))

    assert read_records(tmp_path / "records.csv") == found
    assert read_records(tmp_path / "none.csv") == {}


def test_a_record_whose_weights_have_another_loss_is_found(results, found):
    wrong = {key: replace(record, loss=record.loss - 1) for key, record in found.items()}

    with pytest.raises(CheckError, match="but its weights have"):
        check_records(wrong, results[1])
    with pytest.raises(CheckError, match="on no instance of the set"):
        check_records(found, {})


def test_a_file_that_is_no_table_of_records_gets_a_sentence(tmp_path):
    (tmp_path / "records.csv").write_text("a,b\n1,2\n")

    with pytest.raises(InputError, match="no table of records"):
        read_records(tmp_path / "records.csv")


SET = """
[splits]
test = [0, 0]
[[cells]]
name = "tiny"
family = "distinct_rows"
widths = [5, 1]
load = 1.6
labels = "random"
"""


def test_the_verb_shows_the_records_and_adds_those_of_results(results, tmp_path, monkeypatch, bnnbench_):
    (tmp_path / "mine.toml").write_text(SET)
    monkeypatch.chdir(tmp_path)

    assert "random 5-1 α1.6 s0 –" in " ".join(bnnbench_("records", "mine.toml")[1].split())
    code, out, _ = bnnbench_("records", "mine.toml", results[0], "--who", "Ada", "-o", "mine_records.csv")
    again = bnnbench_("records", "mine.toml", results[0], "--who", "Bo")[1]

    assert code == 0
    assert "1 new records" in out
    assert "0 new records" in again
    assert "Ada" in again
    assert "say who" in bnnbench_("records", "mine.toml", results[0])[2]
