"""Results survive: what was committed is there, and what is not a store is left alone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stored_cells import NOTE, add_everything, make_cell

from bnnbench.errors import StoreError
from bnnbench.harness.machine import machine_info
from bnnbench.optimum.certificate import certify
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.runs.judge import unpack_bits
from bnnbench.runs.loop import run
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget
from bnnbench.store import database, file
from bnnbench.store.file import FILE
from bnnbench.store.parquet import to_parquet
from bnnbench.store.schema import APPLICATION_ID, SCHEMA_VERSION, UNRELEASED_ID
from bnnbench.store.store import open_store, read_store


@pytest.fixture(scope="module")
def outcome():
    return run(compile_problem(load_problem("parity")), load_solver("random"), budget=Budget(reads=20), seed=3)


def fill(folder, outcome, num_runs=3):
    with open_store(folder) as store:
        for seed in range(num_runs):
            store.add_run(make_cell(seed, repetition=seed), outcome, NOTE)
    return folder


# --- what is written comes back -------------------------------------------------------------------------------------


def test_a_run_comes_back_with_its_problem_instance_and_truth(tmp_path, outcome):
    cell = make_cell()
    with open_store(tmp_path) as store:
        add_everything(store, cell, outcome)
        add_everything(store, cell, outcome)  # all of it again changes nothing
    with read_store(tmp_path) as store:
        rows = store.runs()
    assert len(rows) == 1
    row = rows.iloc[0]
    for name in ("status", "num_reads", "energy", "loss", "energy_gap", "loss_gap", "violations", "sample_s"):
        assert row[name] == getattr(outcome, name), name
    assert row["violations.sign"] == outcome.violations_by_kind["sign"]
    assert row["network"] == str(cell.problem.network)
    assert row["num_variables"] == compile_problem(cell.problem).qubo.num_variables
    assert row["is_sound"] == 1
    assert row["optimum"] == ground_truth(cell.problem).loss
    assert row["truth_kind"] == "exhaustive"
    assert row["num_optima"] == ground_truth(cell.problem).num_optima
    assert row["flag_texts"] == ""


def test_batches_and_samples_come_back(tmp_path, outcome):
    cell = make_cell()
    with open_store(tmp_path) as store:
        store.add_run(cell, outcome, NOTE)
    with read_store(tmp_path) as store:
        batches, samples = store.batches(cell.key), store.samples(cell.key)
    assert list(batches["energy"]) == [b.energy for b in outcome.batches]
    assert [list(map(tuple, levels)) for levels in batches["loss_levels"]] == [b.loss_levels for b in outcome.batches]
    assert samples == {"energy": outcome.best_bits, "loss": outcome.best_weights}
    instance = compile_problem(cell.problem)
    bits = unpack_bits(samples["energy"], instance.qubo.num_variables)
    assert instance.qubo.energies(bits[None]) == [outcome.energy]


def test_a_run_that_is_repeated_replaces_its_row_and_all_its_batches(tmp_path, outcome):
    cell = make_cell()
    with open_store(tmp_path) as store:
        store.add_run(cell, replace(outcome, batches=outcome.batches * 3), NOTE)
        store.add_run(cell, Outcome("crash", "it broke"), NOTE)
        rows = store.runs()
        assert list(rows["status"]) == ["crash"]
        assert store.batches(cell.key).empty
        assert store.samples(cell.key) == {}


def test_facts_clocks_and_flags_are_columns(tmp_path, outcome):
    told = replace(outcome, facts={"chains": 3}, clocks={"qpu_s": 0.25}, flags=["one", "two"])
    with open_store(tmp_path) as store:
        store.add_run(make_cell(0), told, NOTE)
        store.add_run(make_cell(1), outcome, NOTE)
        rows = store.runs().set_index("seed")
    assert rows.loc[0, ["fact.chains", "clock.qpu_s", "flag_texts"]].tolist() == [3, 0.25, "one; two"]
    assert rows.loc[1, ["fact.chains", "clock.qpu_s"]].isna().all()


def test_columns_are_numbers_even_if_every_run_failed(tmp_path):
    with open_store(tmp_path) as store:
        store.add_run(make_cell(), Outcome("timeout"), NOTE)
        rows = store.runs()
    assert (rows["loss_gap"] <= 0).tolist() == [False]
    assert rows["sample_s"].isna().all()


def test_rows_have_an_order_that_does_not_depend_on_when_they_came(tmp_path, outcome):
    cells = [make_cell(r, solver, setting, r) for solver in "ba" for setting in ("soft", "compact") for r in (1, 0)]
    orders = []
    for name, order in (("x", cells), ("y", cells[::-1])):
        with open_store(tmp_path / name) as store:
            for cell in order:
                store.add_run(cell, outcome, NOTE)
            orders.append(store.runs()[["formulation", "solver", "repetition"]].to_numpy().tolist())
    assert orders[0] == orders[1] == sorted(orders[0])


@pytest.mark.parametrize("has_test_data", [False, True])
@pytest.mark.parametrize("has_planted", [False, True])
def test_a_problem_is_rebuilt_bit_by_bit(tmp_path, has_test_data, has_planted):
    random = np.random.default_rng(5)
    network = Network((3, 5, 2), bias=True)
    spins = [random.choice(np.array([-1, 1], dtype=np.int8), size=shape) for shape in ((7, 3), (7, 2), (4, 3), (4, 2))]
    extra = {"test_inputs": spins[2], "test_targets": spins[3]} if has_test_data else {}
    if has_planted:
        extra["planted"] = random.choice(np.array([-1, 1], dtype=np.int8), size=network.num_weights)
    problem = Problem(network, spins[0], spins[1], "margin", name="né", **extra)
    with open_store(tmp_path) as store:
        store.add_problem(problem)
    with read_store(tmp_path) as store:
        rebuilt = store.problem(problem.hash)
    assert rebuilt.hash == problem.hash
    assert (rebuilt.name, str(rebuilt.network), rebuilt.loss) == ("né", "3-5-2+bias", "margin")
    for name in ("inputs", "targets", "test_inputs", "test_targets", "planted"):
        assert np.array_equal(getattr(rebuilt, name), getattr(problem, name)), name


def test_a_problem_whose_data_changed_is_not_rebuilt(tmp_path):
    problem = load_problem("parity")
    with open_store(tmp_path) as store:
        store.add_problem(problem)
        store._db.execute("UPDATE problems SET loss_name = 'margin'")
        with pytest.raises(StoreError, match="damaged"):
            store.problem(problem.hash)
        with pytest.raises(StoreError, match="no problem with the hash abc"):
            store.problem("abc")


def truth(loss, kind, num_optima=None):
    return Truth("p", loss, kind, "test", np.ones((2, 3), dtype=np.int8), num_optima)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (truth(2.0, "best_known"), truth(1.0, "best_known"), 1.0),
        (truth(1.0, "best_known"), truth(2.0, "best_known"), 1.0),
        (truth(1.0, "best_known"), truth(2.0, "proved"), 2.0),
        (truth(2.0, "proved"), truth(1.0, "best_known"), 2.0),
        (truth(2.0, "proved"), truth(1.0, "exhaustive"), 1.0),
    ],
)
def test_the_better_truth_is_kept(tmp_path, first, second, kept):
    with open_store(tmp_path) as store:
        store.add_truth(first)
        store.add_truth(second)
        assert store.truths()["p"].loss == kept


def test_a_truth_that_counted_replaces_an_equal_one_that_did_not(tmp_path):
    many = 2**70  # more than an SQLite integer holds
    with open_store(tmp_path) as store:
        store.add_truth(truth(0.0, "attained"))
        store.add_truth(truth(0.0, "exhaustive", many))
        store.add_truth(truth(0.0, "attained"))
        kept = store.truths()["p"]
    assert (kept.kind, kept.num_optima, kept.optima.tolist()) == ("exhaustive", many, [[1, 1, 1]])


def test_a_certificate_comes_back_with_its_truth(tmp_path):
    problem = load_problem("parity")
    claim = certify(problem, ground_truth(problem))
    with open_store(tmp_path) as store:
        store.add_truth(ground_truth(problem), claim)
        store.add_truth(ground_truth(problem))  # an equal truth without one takes nothing away
    with read_store(tmp_path) as store:
        assert store.certificates() == {problem.hash: json.loads(json.dumps(asdict(claim)))}


def test_a_certificate_joins_an_equal_truth_that_has_none(tmp_path):
    problem = load_problem("parity")
    with open_store(tmp_path) as store:
        store.add_truth(ground_truth(problem))
        assert store.certificates() == {}
        store.add_truth(ground_truth(problem), certify(problem, ground_truth(problem)))
        assert list(store.certificates()) == [problem.hash]


def test_what_is_only_the_best_known_has_no_bound_of_its_own(tmp_path):
    with open_store(tmp_path) as store:
        store.add_truth(truth(2.0, "best_known"))
        assert store.truths()["p"].lower_bound == 0


def test_what_is_finished_depends_on_the_status(tmp_path):
    statuses = ["ok", "refused", "unavailable", "timeout", "memory", "crash", "error"]
    cells = {status: make_cell(seed) for seed, status in enumerate(statuses)}
    with open_store(tmp_path) as store:
        for status, cell in cells.items():
            store.add_run(cell, Outcome(status), NOTE)
        finished, kept = store.finished(), store.finished(["failed"])
    assert {s for s, c in cells.items() if c.key in finished} == set(statuses) - {"unavailable"}
    assert {s for s, c in cells.items() if c.key in kept} == {"ok", "refused"}


def test_an_empty_store_has_no_rows_and_no_errors(tmp_path):
    with open_store(tmp_path) as store:
        assert store.runs().empty
        assert store.batches("x").empty
        assert store.finished() == set()
        assert store.truths() == {}


# --- transactions ---------------------------------------------------------------------------------------------------


def test_a_transaction_is_written_as_a_whole_or_not_at_all(tmp_path, outcome):
    with open_store(tmp_path) as store, read_store(tmp_path) as reader:
        with contextlib.suppress(ZeroDivisionError), store.transaction():
            store.add_run(make_cell(0), outcome, NOTE)
            raise ZeroDivisionError
        assert store.runs().empty
        with store.transaction():
            store.add_run(make_cell(1), outcome, NOTE)
            store.add_run(make_cell(2), outcome, NOTE)
            assert reader.runs().empty
        assert len(reader.runs()) == 2


def test_a_commit_costs_little(tmp_path, outcome):
    with open_store(tmp_path) as store:
        store.add_run(make_cell(0), outcome, NOTE)
        start = time.perf_counter()
        for seed in range(1, 51):
            store.add_run(make_cell(seed), outcome, NOTE)
        assert (time.perf_counter() - start) / 50 < 0.05, "about 1 ms on a local disk; 50 ms would be a defect"


def test_the_file_is_fully_synchronized(tmp_path):
    with open_store(tmp_path) as store:
        assert store._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from stored_cells import NOTE, make_cell
from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import open_store
with open_store(Path({folder!r})) as store:
    for seed in range(10**9):
        store.add_run(make_cell(seed), Outcome("ok", energy=1.0), NOTE)
        print(seed, flush=True)
"""


def start_writer(folder):
    code = WRITER.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "0\n"
    return process


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    said = process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    return int(said[-1]) if said and said[-1].isdigit() else 0


def test_a_killed_writer_leaves_every_row_that_it_reported_and_no_lock(tmp_path):
    process = start_writer(tmp_path)
    time.sleep(0.3)
    last = kill(process)
    with read_store(tmp_path) as store:
        assert set(range(last + 1)) <= set(store.runs()["seed"])
    with open_store(tmp_path) as store:
        assert len(store.finished()) >= last + 1


def test_a_second_writer_is_refused_and_told_who_writes_while_readers_read(tmp_path):
    process = start_writer(tmp_path)
    try:
        with pytest.raises(StoreError, match=f"written by process {process.pid};"):
            open_store(tmp_path)
        with read_store(tmp_path) as store:
            first = len(store.runs())
            time.sleep(0.1)
            assert len(store.runs()) > first >= 1
    finally:
        kill(process)


def test_one_process_cannot_open_a_store_twice_for_writing(tmp_path):
    with open_store(tmp_path), pytest.raises(StoreError, match=f"process {os.getpid()}"):
        open_store(tmp_path)
    open_store(tmp_path).close()


# --- a store of schema 1 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "sentence"),
    [
        (f"application_id = {UNRELEASED_ID}", "before 1.0.0"),
        ("user_version = 0", "has schema 0"),
        (f"user_version = {SCHEMA_VERSION + 1}", f"has schema {SCHEMA_VERSION + 1}"),
    ],
)
def test_a_store_of_another_version_is_refused_with_a_sentence_and_left_as_it_is(tmp_path, outcome, pragma, sentence):
    fill(tmp_path, outcome)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute(f"PRAGMA {pragma}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / FILE).read_bytes()

    for open_ in (read_store, open_store):
        with pytest.raises(StoreError, match=f"{sentence}.*it was left as it is; "):
            open_(tmp_path)

    assert (tmp_path / FILE).read_bytes() == before


# --- what is not a store, or cannot be written ------------------------------------------------------------------------


def make_not_sqlite(path):
    path.write_text("name,age\n" * 1000)


def make_foreign(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (title)")
        db.commit()


def make_other_application(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA application_id = 7; CREATE TABLE runs (key);")


def make_newer(path):
    open_store(path.parent).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


@pytest.mark.parametrize("open_it", [open_store, read_store])
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (make_not_sqlite, "is not a store of bnnbench .*left as it is"),
        (make_foreign, "SQLite file of another program.*left as it is"),
        (make_other_application, "SQLite file of another program.*left as it is"),
        (make_newer, f"has schema {SCHEMA_VERSION + 1}, but .* reads schema {SCHEMA_VERSION}; it was left"),
    ],
)
def test_a_file_that_is_not_such_a_store_is_refused_and_left_alone(tmp_path, make, sentence, open_it):
    path = tmp_path / FILE
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=sentence):
        open_it(tmp_path)
    assert path.read_bytes() == before
    path.unlink()
    open_store(tmp_path).close()  # the refusal left no lock


@pytest.mark.parametrize("make", [Path.touch, lambda path: sqlite3.connect(path).close()])
def test_a_file_without_anything_in_it_becomes_a_store(tmp_path, make):
    make(tmp_path / FILE)
    with pytest.raises(StoreError, match="no results yet"):
        read_store(tmp_path)
    with open_store(tmp_path) as store:
        assert store._db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


def test_a_missing_store_is_a_sentence_and_is_not_made(tmp_path):
    with pytest.raises(StoreError, match=r"holds no results .*bnnbench run"):
        read_store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_where_the_folder_should_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="cannot be written"):
        open_store(tmp_path / "file")
    with pytest.raises(StoreError, match="is a file; give the folder of results"):
        read_store(tmp_path / "file")


def test_a_full_disk_keeps_what_was_committed_and_the_store_goes_on(tmp_path, outcome):
    big = replace(outcome, message="x" * 200_000)
    with open_store(tmp_path) as store:
        store.add_run(make_cell(0), outcome, NOTE)
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="full; free some space"):
            store.add_run(make_cell(1), big, NOTE)
        with pytest.raises(StoreError, match="full; free some space"), store.transaction():
            store.add_run(make_cell(2), big, NOTE)
        store._db.execute("PRAGMA max_page_count = 1000000")
        store.add_run(make_cell(3), big, NOTE)
        assert set(store.runs()["seed"]) == {0, 3}


def test_a_file_that_another_program_locks_is_a_sentence(tmp_path, outcome, monkeypatch):
    monkeypatch.setattr(file, "TIMEOUT_S", 0.05)
    fill(tmp_path, outcome)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds the file"):
            open_store(tmp_path)
        other.execute("ROLLBACK")
    open_store(tmp_path).close()


def test_what_is_open_for_reading_is_not_written(tmp_path, outcome):
    fill(tmp_path, outcome)
    with read_store(tmp_path) as store, pytest.raises(StoreError, match="readonly"):
        store.add_run(make_cell(9), outcome, NOTE)


@pytest.fixture
def public_folder():
    """A folder that an unprivileged user can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def unprivileged():
    """As root, be nobody for a while: permissions do not hold for root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextlib.contextmanager
def frozen(folder, *, file=0o444, folder_mode=0o555):
    """Files and folder that cannot be written."""
    for path in folder.iterdir():
        path.chmod(file)
    folder.chmod(folder_mode)
    try:
        with unprivileged():
            yield
    finally:
        folder.chmod(stat.S_IRWXU)
        for path in folder.iterdir():
            path.chmod(0o644)


def test_a_folder_that_cannot_be_written_is_read_but_not_opened(public_folder, outcome):
    fill(public_folder, outcome)
    before = (public_folder / FILE).read_bytes()
    with frozen(public_folder):
        with pytest.raises(StoreError, match=r"cannot be written: Permission denied; give another folder"):
            open_store(public_folder)
        with pytest.raises(StoreError, match="cannot be written"):
            open_store(public_folder / "new")
        with read_store(public_folder) as store:
            assert len(store.runs()) == 3
    assert (public_folder / FILE).read_bytes() == before


def test_a_file_that_cannot_be_written_in_a_folder_that_can_is_a_sentence(public_folder, outcome):
    fill(public_folder, outcome)
    (public_folder / "runs.lock").unlink()
    with (
        frozen(public_folder, folder_mode=0o777),
        pytest.raises(StoreError, match="make the file and its folder writable"),
    ):
        open_store(public_folder)


def test_rows_that_wait_in_the_log_are_not_left_out_in_silence(public_folder, outcome):
    with open_store(public_folder) as store:
        store.add_run(make_cell(), outcome, NOTE)
        copy = public_folder / "copy"
        copy.mkdir()
        for name in (FILE, f"{FILE}-wal"):
            shutil.copy(public_folder / name, copy / name)
    with frozen(copy), pytest.raises(StoreError, match="permissions"):
        read_store(copy)
    with read_store(copy) as store:
        assert len(store.runs()) == 1


def test_a_store_that_lacks_a_column_says_where_it_comes_from(tmp_path, outcome):
    fill(tmp_path, outcome)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("ALTER TABLE problems RENAME COLUMN hash TO key")

    with read_store(tmp_path) as store, pytest.raises(StoreError, match="another version of bnnbench wrote it"):
        store.runs()


def test_a_file_that_cannot_be_read_is_a_sentence(public_folder, outcome):
    fill(public_folder, outcome)
    with frozen(public_folder, file=0o000), pytest.raises(StoreError, match="cannot be read"):
        read_store(public_folder)
    with frozen(public_folder, folder_mode=0o000), pytest.raises(StoreError, match="cannot be read"):
        read_store(public_folder)


def test_a_folder_with_signs_of_addresses_in_its_name_is_only_a_folder(tmp_path, outcome):
    folder = fill(tmp_path / "a?mode=memory#100%41", outcome)
    with read_store(folder) as store:
        assert len(store.runs()) == 3
    assert (folder / FILE).is_file()


# --- provenance -----------------------------------------------------------------------------------------------------


def test_a_machine_is_stored_once_and_tells_nothing_personal(tmp_path):
    info = machine_info()
    with open_store(tmp_path) as store:
        assert store.add_machine(info) == store.add_machine(dict(info))
        assert list(store.machines().values()) == [info]
    text = json.dumps(info)
    assert os.uname().nodename not in text
    assert str(Path.home()) not in text
    assert "/" not in text.replace(str(info["cpu"]), "")
    assert info["cores"] >= 1
    assert info["bnnbench"]


def test_a_suite_is_stored_once_without_secrets_and_sealed(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "swordfish-123")
    with open_store(tmp_path) as store:
        for text in ("seed = 0", "# swordfish-123", "seed = 0"):
            store.add_suite("mine.toml", text)
        assert [row["text"] for row in store.suites()] == ["seed = 0", "# <SOME_TOKEN>"]
        assert list(store.unsealed()) == []
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("UPDATE suites SET text = 'seed = 1' WHERE text = 'seed = 0'")
    with read_store(tmp_path) as store:
        (sentence,) = store.unsealed()
    assert re.fullmatch(r"the suite \w+ was changed: its content has another hash\.", sentence)


def test_machine_info_never_fails(monkeypatch):
    import psutil

    def broken(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(subprocess, "run", broken)
    monkeypatch.setattr(psutil, "virtual_memory", broken)
    monkeypatch.setattr(Path, "read_text", broken)
    info = machine_info.__wrapped__()
    assert info["commit"] is info["dirty"] is info["memory_gib"] is None
    assert info["python"]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "flags", "{"),
        ("runs", "facts", "[1, 2]"),
        ("runs", "energy", "'much'"),
        ("runs", "clocks", None),
        ("machines", "info", "3"),
        ("truths", "weights", "x"),
        ("truths", "num_optima", "many"),
        ("problems", "shapes", "{}"),
    ],
)
def test_a_damaged_cell_gets_its_sentence(tmp_path, outcome, table, column, value):
    with open_store(tmp_path) as store:
        machine = store.add_machine({"cpu": "c"})
        add_everything(store, make_cell(), outcome)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute(f"UPDATE {table} SET {column} = ?", (value,))
    assert machine

    def read_all(store):
        store.runs()
        store.machines()
        store.truths()
        store.problem(make_cell().problem.hash)

    with read_store(tmp_path) as store, pytest.raises(StoreError, match=r"holds a cell that cannot be read .*restore"):
        read_all(store)


def test_what_is_no_text_is_stored_with_question_marks(tmp_path, outcome):
    with open_store(tmp_path) as store:
        store.add_run(make_cell(solver="caf\udce9.py"), outcome, NOTE)
        assert set(store.runs()["solver"]) == {"caf?.py"}
        with pytest.raises(StoreError, match="too large"):
            store.add_run(make_cell(seed=2**63), outcome, NOTE)


def make_fifo(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "sentence"), [(make_fifo, "is not a file"), (Path.mkdir, "is not a file"), (make_loop, "cannot be read")]
)
@pytest.mark.parametrize("open_", [open_store, read_store])
def test_what_is_no_file_is_neither_opened_nor_changed(tmp_path, make, sentence, open_):
    make(tmp_path / FILE)
    with pytest.raises(StoreError, match=sentence):
        open_(tmp_path)
    assert not (tmp_path / FILE).is_file()


def test_a_copy_of_the_file_alone_has_the_rows_of_a_store_that_is_being_written(tmp_path, outcome, monkeypatch):
    monkeypatch.setattr(database, "SETTLE_S", 0.0)
    with open_store(tmp_path / "a") as store:
        add_everything(store, make_cell(0), outcome)
        with store.transaction():
            """As a campaign does while it waits for runs."""
        (tmp_path / "b").mkdir()
        shutil.copy(tmp_path / "a" / FILE, tmp_path / "b")  # as after a kill, when nobody has closed the file

        with read_store(tmp_path / "b") as copy:
            assert copy.run_keys() == store.run_keys()


def test_more_optima_than_an_integer_of_64_bits_has_room_for_are_exported(tmp_path, outcome):
    problem = load_problem("parity")
    with open_store(tmp_path) as store:
        add_everything(store, make_cell(0), outcome)
        store.add_truth(replace(ground_truth(problem), num_optima=2**70))
        store._db.execute("UPDATE truths SET num_optima = ?", (str(2**70),))
        runs = store.runs()

    parquet = tmp_path / "runs.parquet"
    parquet.write_bytes(to_parquet(runs, {}))

    assert pd.read_parquet(parquet)["num_optima"].tolist() == [2.0**70]


def test_a_flagged_run_is_run_again_on_request_alone(tmp_path):
    good, flagged = make_cell(0), make_cell(1)
    with open_store(tmp_path) as store:
        store.add_run(good, Outcome("ok"), NOTE)
        store.add_run(flagged, Outcome("ok", flags=["took 9 s of a budget of 1 s"]), NOTE)
        assert store.finished() == store.finished(["failed"]) == {good.key, flagged.key}
        assert store.finished(["flagged"]) == {good.key}


def test_flags_about_times_stand_on_runs_that_ran(tmp_path):
    with open_store(tmp_path) as store:
        for seed, status in enumerate(("ok", "timeout", "refused", "unavailable")):
            store.add_run(make_cell(seed), Outcome(status), replace(NOTE, is_timed=False))
        texts = store.runs().set_index("status")["flag_texts"]
    assert {status for status, text in texts.items() if "shared its cores" in text} == {"ok", "timeout"}


def test_a_copy_of_the_file_lacks_a_fifth_of_a_second_at_most():
    assert database.SETTLE_S <= 0.2


def swap(folder):
    (folder / FILE).rename(folder / "old")
    (folder / FILE).write_bytes((folder / "old").read_bytes())


@pytest.mark.parametrize("loss", [lambda folder: (folder / FILE).unlink(), shutil.rmtree, swap])
def test_a_file_that_is_lost_under_way_ends_the_writing(tmp_path, monkeypatch, loss):
    monkeypatch.setattr(database, "SETTLE_S", 0)
    with open_store(tmp_path / "out") as store:
        store.add_machine({})
        with store.transaction():
            store.add_machine({"before": 1})
        loss(tmp_path / "out")

        with pytest.raises(StoreError, match="was removed or replaced while runs went on"), store.transaction():
            store.add_machine({"after": 1})


def test_a_folder_that_is_renamed_under_way_is_no_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "SETTLE_S", 0)
    with open_store(tmp_path / "out") as store:
        assert not store.home.is_renamed
        (tmp_path / "out").rename(tmp_path / "moved")

        with store.transaction():
            store.add_machine({"after": 1})

        assert store.home.is_renamed
