"""Merged stores hold every run once, contradictions twice, and what `verify` finds to hold."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from bnnbench.errors import CheckError, InputError, StoreError
from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.store.file import FILE
from bnnbench.store.merge import DIFFERS, Merged, merge
from bnnbench.store.rescore import FOLDED, fold_again
from bnnbench.store.store import open_store, read_store
from bnnbench.store.verify import verify
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

SUITE = """
repetitions = 2
[budget]
reads = 20
[[problems]]
name = "majority"
[[formulations]]
name = "compact"
"""


def run_into(folder, *solvers, repetitions=2):
    path = folder.with_suffix(".toml")
    tables = "".join(f'[[solvers]]\nname = "{solver}"\n' for solver in solvers)
    path.write_text(SUITE.replace("repetitions = 2", f"repetitions = {repetitions}") + tables)
    planned = plan(read_suite(path), path.parent)
    with open_store(folder) as store:
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        cells = pending(list(planned.cells()), store.finished())
        for _ in Campaign(store, planned.suite.limits, truths).run(cells):
            pass
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    return run_into(folder / "a", "random", "steepest_descent"), run_into(folder / "b", "random", repetitions=3)


@pytest.fixture
def stores(both, tmp_path):
    return [shutil.copytree(folder, tmp_path / folder.name) for folder in both]


def change(folder, statement, *values):
    """Change a store as if its runs had gone so: with fitting digests."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        assert db.execute(statement, values).rowcount > 0
    with open_store(folder) as store:
        for key in store.run_keys():
            store._seal("runs", key)
        for row in store.rows("truths"):
            store._seal("truths", row["problem_hash"])


def rows_of(folder):
    with read_store(folder) as store:
        assert list(verify(store)) == []
        return store.runs()


def contents(folder):
    """Of the results themselves; whoever reads may leave SQLite's shared memory beside them."""
    return (folder / FILE).read_bytes()


def test_runs_of_both_stand_once(stores, tmp_path):
    before = [contents(folder) for folder in stores]
    assert merge(stores, tmp_path / "c") == Merged(num_runs=5, num_equal=2, num_different=0)
    assert [path.name for path in (tmp_path / "c").iterdir()] == [FILE]
    rows = rows_of(tmp_path / "c")
    assert sorted(zip(rows["solver"], rows["repetition"], strict=True)) == [
        ("random", 0), ("random", 1), ("random", 2), ("steepest_descent", 0), ("steepest_descent", 1)
    ]  # fmt: skip
    assert not rows["flag_texts"].str.contains(DIFFERS).any()
    assert [contents(folder) for folder in stores] == before


def test_every_row_comes_over_bit_by_bit(stores, tmp_path):
    merge(stores, tmp_path / "c")
    with read_store(stores[0]) as old, read_store(tmp_path / "c") as new:
        for table in ("machines", "problems", "instances", "truths", "canaries"):
            assert [row for row in old.rows(table) if row not in new.rows(table)] == [], table
        for key in old.run_keys():
            for table, column in (("runs", "key"), ("batches", "run"), ("samples", "run")):
                assert new.rows(table, column, key) == old.rows(table, column, key)


def test_times_alone_are_no_other_answer(stores, tmp_path):
    change(stores[1], "UPDATE runs SET sample_s = sample_s + 1, started_at = '2030-01-01T00:00:00.000+00:00'")
    assert merge(stores, tmp_path / "c").num_different == 0


def lose_a_read(folder):
    """Let one run have answered differently, consistently."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        (key,) = db.execute("SELECT key FROM runs WHERE solver = 'random' AND repetition = 0").fetchone()
    last = "SELECT MAX(number) FROM batches WHERE run = ?1"  # of several reads: a batch of none betters one before
    change(folder, f"UPDATE batches SET num_reads = num_reads - 1 WHERE run = ?1 AND number = ({last})", key)
    with read_store(folder) as store:
        truth = next(iter(store.truths().values()))
        run = store.stored_run(key)
        folded = fold_again(run, truth, is_sound=True, num_samples=store.num_samples()[truth.problem_hash])
    names = [name for name in FOLDED if getattr(folded, name) != run.row[name]]
    values = [getattr(folded, name) for name in names]
    change(folder, f"UPDATE runs SET {', '.join(f'{name} = ?' for name in names)} WHERE key = ?", *values, key)
    return key


def test_different_answers_of_one_key_are_both_kept_and_flagged(stores, tmp_path):
    key = lose_a_read(stores[1])
    assert merge(stores, tmp_path / "c") == Merged(num_runs=6, num_equal=1, num_different=2)
    rows = rows_of(tmp_path / "c").set_index("key")
    assert rows.loc[key, "num_reads"] == 20
    assert rows.loc[f"{key}~2", "num_reads"] == 19
    flagged = rows[rows["flag_texts"].str.contains(f"{DIFFERS} in num_reads")]
    assert set(flagged.index) == {key, f"{key}~2"}


def test_merging_again_changes_nothing(stores, tmp_path):
    lose_a_read(stores[1])
    merge(stores, tmp_path / "c")
    assert merge([tmp_path / "c", *stores], tmp_path / "d") == Merged(num_runs=6, num_equal=7, num_different=2)
    assert rows_of(tmp_path / "c").equals(rows_of(tmp_path / "d"))


def test_a_merged_store_is_resumed(stores, tmp_path):
    merge(stores, tmp_path / "c")
    run_into(tmp_path / "c", "random", "steepest_descent", repetitions=4)
    assert len(rows_of(tmp_path / "c")) == 8


def test_a_run_that_never_happened_gives_way(stores, tmp_path):
    change(stores[0], "UPDATE runs SET status = 'unavailable' WHERE solver = 'random' AND repetition = 0")
    assert merge(stores, tmp_path / "c").num_different == 0
    assert set(rows_of(tmp_path / "c")["status"]) == {"ok"}


def test_the_better_truth_wins_and_all_runs_are_measured_against_it(stores, tmp_path):
    with read_store(stores[1]) as store:
        (problem,) = [store.problem(row["hash"]) for row in store.problems()]
    settings = np.array(list(itertools.product((-1, 1), repeat=problem.network.num_weights)), dtype=np.int8)
    losses = problem.training_loss(settings)
    poor = int(np.flatnonzero(losses > losses.min())[0])
    change(
        stores[1],
        "UPDATE truths SET optimum = ?, weights = ?, truth_kind = 'best_known', num_optima = NULL, certificate = NULL",
        float(losses[poor]),
        json.dumps([settings[poor].tolist()]),
    )
    change(stores[1], "UPDATE runs SET loss_gap = loss - ?, energy_gap = energy - ?", *[float(losses[poor])] * 2)
    merge(stores[::-1], tmp_path / "c")
    rows = rows_of(tmp_path / "c")
    assert set(rows["truth_kind"]) == {"exhaustive"}
    assert (rows["loss_gap"] == rows["loss"] - losses.min()).all()


def test_two_certified_optima_of_a_problem_are_a_contradiction(stores, tmp_path):
    change(stores[1], "UPDATE truths SET optimum = optimum + 1")
    with pytest.raises(
        CheckError, match=r"different certified optima of the problem .*: 0 and 1, so that one is wrong"
    ):
        merge(stores, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_store_that_was_changed_is_refused(stores, tmp_path):
    with closing(sqlite3.connect(stores[1] / FILE, isolation_level=None)) as db:
        db.execute("UPDATE runs SET energy = energy - 1")
    with pytest.raises(StoreError, match=r"b: the row .* of runs was changed.*; see bnnbench verify .*b\."):
        merge(stores, tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_suites_keep_their_order_and_instances_what_is_known_of_them(stores, tmp_path):
    for folder, names in zip(stores, (["suite", "second"], ["suite", "third"]), strict=True):
        with open_store(folder) as store:
            for name in names:
                store.add_suite(name, "seed = 0")
    with closing(sqlite3.connect(stores[0] / FILE, isolation_level=None)) as db:
        db.execute("UPDATE instances SET dynamic_range = NULL")
    merge(stores, tmp_path / "c")
    with read_store(tmp_path / "c") as store:
        assert [row["name"] for row in store.suites()] == ["suite", "second", "third"]
        ranges = {row["hash"]: row["dynamic_range"] for row in store.instances()}
    with read_store(stores[1]) as other:
        assert all(ranges[row["hash"]] == row["dynamic_range"] for row in other.instances())


def test_a_run_whose_instance_is_missing_is_kept_for_verify_to_find(stores, tmp_path):
    for folder in stores:
        with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
            db.execute("DELETE FROM instances")
    with closing(sqlite3.connect(stores[0] / FILE, isolation_level=None)) as db:
        db.execute("DELETE FROM truths")
    assert merge(stores, tmp_path / "c").num_runs == 5
    with read_store(tmp_path / "c") as store:
        assert {"its instance is not there" in finding.sentence for finding in verify(store)} == {True}


def test_what_is_there_is_never_overwritten(stores, tmp_path):
    before = contents(stores[0])
    with pytest.raises(InputError, match="a exists; give the name of a new folder with -o"):
        merge(stores, stores[0])
    assert contents(stores[0]) == before


def test_a_failure_in_the_middle_leaves_nothing(stores, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "bnnbench.store.merge._distinct", lambda runs: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(StoreError, match="cannot be written: No space left"):
        merge(stores, tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_stores_that_are_being_written_are_merged_as_they_are(stores, tmp_path):
    with open_store(stores[0]) as writer:
        assert merge(stores, tmp_path / "c").num_runs == 5
        assert writer.run_keys()


def test_the_verb_says_what_it_did(stores, tmp_path, bnnbench_):
    lose_a_read(stores[1])

    code, out, err = bnnbench_("merge", *stores, "-o", tmp_path / "c")

    assert (code, err) == (0, "")
    assert out.endswith("c: 6 runs; 1 more were the same as another; 2 differ from another of the same key.\n")
    assert bnnbench_("merge", stores[0], "-o", tmp_path / "d")[0] == 2
    assert "holds no results" in bnnbench_("merge", stores[0], tmp_path / "nowhere", "-o", tmp_path / "d")[2]
