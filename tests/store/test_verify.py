"""Whatever is changed in a store is found, by its digest or by computing it again."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from commands import call
from suite_texts import suite_text

from bnnbench.errors import StoreError
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.registry import load_problem
from bnnbench.runs.speed_probe import SpeedProbe
from bnnbench.store.file import FILE
from bnnbench.store.rescore import FOLDED, fold_again
from bnnbench.store.rows import truth_row
from bnnbench.store.schema import SCHEMA, SEALED
from bnnbench.store.store import open_store, read_store
from bnnbench.store.verify import verify

SUITE = suite_text(
    {"name": "random_data", "widths": [[3, 3, 1]], "samples": 6},
    ["random", "cpsat", "exhaustive"],
    budget={"reads": 20},
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    (folder / "suite.toml").write_text(SUITE)
    assert call("run", folder / "suite.toml", "--out", folder / "out") == 0
    return folder / "out"


@pytest.fixture
def results(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "results")


LATE = """
import time
from dataclasses import dataclass

import numpy as np

import bnnbench as bb


@dataclass(frozen=True, kw_only=True)
class Late(bb.Solver):
    "Answers after its time."

    def sample(self, prepared, *, seed, budget):
        time.sleep(1.2)
        yield bb.Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8))
"""


def test_a_run_without_a_sample_in_time_holds(tmp_path):
    problem = {"name": "random_data", "widths": [[3, 1]], "samples": 4}
    (tmp_path / "suite.toml").write_text(suite_text(problem, ["./late.py"], budget={"seconds": 0.05}))
    (tmp_path / "late.py").write_text(LATE)

    call("run", tmp_path / "suite.toml", "--out", tmp_path / "out")

    with read_store(tmp_path / "out") as store:
        assert store.runs()[["status", "num_reads"]].to_numpy().tolist() == [["timeout", 0]]
        assert "the first sample came after 1.2" in store.runs()["message"][0]
        assert len(store.trace()) == 1
        assert list(verify(store)) == []


def change(folder, statement, *values):
    with contextlib.closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        assert db.execute(statement, values).rowcount > 0


def reseal(folder):
    """What somebody would do who knows of the digests."""
    with open_store(folder) as store:
        for table, column in SEALED.items():
            for row in store._select(f"SELECT {column} AS key FROM {table}"):
                store._seal(table, row["key"])


def all_weights(problem):
    return (np.array(signs, dtype=np.int8) for signs in product((-1, 1), repeat=problem.network.num_weights))


def findings(folder, **options):
    with read_store(folder) as store:
        return list(verify(store, **options))


def test_an_untouched_store_holds(results):
    assert findings(results) == []


def test_progress_reaches_the_number_of_runs(results):
    said = []
    findings(results, progress=lambda done, total: said.append((done, total)))
    assert said == [(0, 3), (1, 3), (2, 3), (3, 3)]


def cells():
    """Every column of every row that a run leaves, and something else to put there."""
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n?\);", SCHEMA, re.DOTALL):
        names = [part.split()[0] for part in body.replace("PRIMARY KEY (", "").replace(")", "").split(",")]
        for name in dict.fromkeys(names):
            if name not in ("digest", "hash", "key", "run", "number", "role"):
                yield table, name


@pytest.mark.parametrize(("table", "column"), list(cells()))
def test_a_change_of_any_cell_is_found(results, table, column):
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        old = db.execute(f"SELECT {column} FROM {table} ORDER BY rowid").fetchall()[0][0]
        new = old + 1 if isinstance(old, (int, float)) else f"{old}0" if isinstance(old, str) else b"1"
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})", (new,))
    assert findings(results)


@pytest.mark.parametrize("column", ["inputs", "targets"])
def test_a_flipped_bit_of_the_data_is_found(results, column):
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        (old,) = db.execute(f"SELECT {column} FROM problems").fetchone()
    change(results, f"UPDATE problems SET {column} = ?", bytes([old[0] ^ 0x80]) + old[1:])
    assert any("have the hash" in finding.sentence for finding in findings(results))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE runs SET energy = energy - 1", "its sample has energy"),
        ("UPDATE runs SET loss = loss + 1", "its sample has loss"),
        ("UPDATE runs SET energy_gap = 0.5", "its batches give energy_gap"),
        ("UPDATE runs SET loss_gap = 7", "its batches give loss_gap"),
        ("UPDATE runs SET violations = violations + 1", "its sample has violations"),
        ("UPDATE runs SET train_accuracy = 0.1", "its sample has train_accuracy"),
        ("UPDATE runs SET proved = 1 - proved", "its batches give proved"),
        ("UPDATE runs SET num_reads = num_reads + 1", "its batches give num_reads"),
        ("UPDATE runs SET seed = seed + 1", "its key is not the hash"),
        ("UPDATE batches SET energy = energy - 3", "its batches give energy"),
        ("UPDATE batches SET lower_bound = 9", "it is not flagged, though it claimed the lower bound 9"),
        ("UPDATE truths SET optimum = optimum + 1", "do not have the optimal loss"),
        ("UPDATE instances SET num_variables = 3", "differs in num_variables"),
        ("UPDATE instances SET qubo_hash = 'x'", "differs in qubo_hash"),
        ("DELETE FROM samples", "its samples are not there"),
        ("DELETE FROM instances", "its instance is not there"),
        ("DELETE FROM problems", "its problem is not there"),
        ("UPDATE truths SET num_optima = num_optima || '0'", "optima are stored, but its certificate counts"),
        ("UPDATE runs SET prepare_s = -1", "its prepare_s is -1, but must be finite and at least 0"),
        ("UPDATE runs SET judge_s = 9e999", "its judge_s is inf, but must be finite"),
        ("UPDATE runs SET sample_s = 1e-12", "it sampled for 1e-12 s, but its last batch came after"),
        ("UPDATE runs SET machine = 'feed'", "it names the machine feed, which is not there"),
    ],
)
def test_a_figure_that_does_not_follow_from_its_samples_is_found_though_the_digest_fits(results, statement, sentence):
    change(results, statement)
    reseal(results)
    found = [finding.sentence for finding in findings(results)]
    assert any(sentence in text for text in found), found
    assert not any("digest" in text for text in found)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE samples SET bits = '!!!'", "its samples are not there, or not as many bits"),
        ("UPDATE samples SET bits = ''", "its samples are not there, or not as many bits"),
        ("UPDATE samples SET bits = bits || 'AAAA'", "its samples are not there, or not as many bits"),
        (f"UPDATE runs SET flags = '{'[' * 100_000}'", "a cell cannot be read"),
        (f"UPDATE runs SET parameters = '{'[' * 100_000}'", "its key is not the hash"),
    ],
)
def test_what_cannot_be_read_of_a_run_is_a_finding(results, statement, sentence):
    change(results, statement)

    assert any(sentence in finding.sentence for finding in findings(results))


def test_batches_of_no_run_are_found(results):
    change(results, "DELETE FROM runs WHERE solver = 'random'")
    assert any("which is not there" in finding.sentence for finding in findings(results))


def test_any_flipped_bit_of_a_row_is_found_or_makes_the_file_unreadable(results):
    path = results / FILE
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (bits,) = db.execute("SELECT bits FROM samples ORDER BY rowid LIMIT 1").fetchone()
    content = bytearray(path.read_bytes())
    place = content.index(bits.encode())
    for offset in range(0, len(bits), max(1, len(bits) // 8)):
        content[place + offset] ^= 1
        path.write_bytes(content)
        assert findings(results)
        content[place + offset] ^= 1


def test_the_verb_says_what_does_not_hold(results, bnnbench_):
    code, out, err = bnnbench_("verify", results)
    assert (code, err) == (0, "")
    assert "3 runs recomputed, and all holds" in out
    assert "Only read, though unchanged since they were written" in out
    change(results, "UPDATE runs SET load = load + 1 WHERE solver = 'random'")
    code, out, err = bnnbench_("verify", results)
    assert code == 1
    assert "1 finding in 3 runs" in err
    assert out.startswith("store: the row ")


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE instances RENAME COLUMN dynamic_range TO dynamic_sange",
        "ALTER TABLE suites RENAME COLUMN hash TO hasi",
        "ALTER TABLE canaries RENAME TO cbnaries",
        "DROP TABLE suites",
    ],
)
def test_a_table_that_is_not_that_of_its_schema_is_found(results, damage):
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        db.execute(damage)
    with read_store(results) as store:
        assert any("is not that of schema" in finding.sentence for finding in verify(store))


@pytest.mark.parametrize("table", ["suites", "canaries"])
def test_a_cell_of_another_type_is_found_and_no_traceback(results, table):
    with open_store(results) as store:
        store.add_suite("mine.toml", "seed = 0")
        store.add_speed_probe(SpeedProbe(1.0, 0.5), machine="m", processors="0")
    column = "text" if table == "suites" else "machine"
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        db.execute(f"UPDATE {table} SET {column} = CAST({column} AS BLOB)")
    with read_store(results) as store:
        assert list(verify(store))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN UPDATE runs SET energy = 0; END",
        "CREATE VIEW v AS SELECT * FROM runs",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
    ],
)
def test_a_store_with_triggers_views_or_virtual_tables_is_refused_by_all_who_open_it(results, statement):
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        db.execute(statement)

    for open_it in (read_store, open_store):
        with pytest.raises(StoreError, match="which no store of bnnbench has"):
            open_it(results)


@pytest.mark.parametrize("statement", ["CREATE TABLE mine (x)", "CREATE INDEX i ON runs (energy)"])
def test_a_foreign_table_or_index_is_found(results, statement):
    with contextlib.closing(sqlite3.connect(results / FILE, isolation_level=None)) as db:
        db.execute(statement)

    assert any("which is no part of schema" in finding.sentence for finding in findings(results))


def test_a_false_optimum_without_certificate_is_found(results):
    change(results, "UPDATE truths SET certificate = NULL")
    reseal(results)
    assert not findings(results), "enumeration confirms the true one"

    with open_store(results) as store:
        ((key, truth),) = store.truths().items()
        problem = store.problem(key)
        worse = next(w for w in all_weights(problem) if problem.training_loss(w) > truth.loss)
        false = replace(truth, loss=float(problem.training_loss(worse)), optima=worse[None], num_optima=1)
        store.put("truths", truth_row(false, None))
        store._seal("truths", key)

    assert any(finding.kind == "truth" and "enumeration" in finding.sentence for finding in findings(results))


def test_a_large_optimum_that_nothing_confirms_is_found_or_named(results):
    problem = load_problem("random_data[widths=[9,5,1],samples=20]")
    weights = np.ones(problem.network.num_weights, dtype=np.int8)
    truth = Truth(problem.hash, float(problem.training_loss(weights)), "exhaustive", "a claim", weights[None], 1)
    with open_store(results) as store:
        store.add_problem(problem)
        store.add_truth(truth)

    (found,) = findings(results)
    assert "is said to be exhaustive, but has no certificate, and nothing confirms it" in found.sentence


def test_no_file_that_results_name_is_run(results, tmp_path):
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    change(results, "UPDATE instances SET formulation = ?", str(trap))
    reseal(results)

    assert any("no file that results name is run" in finding.sentence for finding in findings(results))
    assert not (tmp_path / "sprung").exists()


def test_success_counts_that_were_edited_with_their_batches_are_found_by_running_again(results, bnnbench_):
    statement = "UPDATE batches SET loss_levels = '[[0.0, 20]]', loss = 0, mean_loss = 0"
    change(results, statement)
    with open_store(results) as store:
        (truth,) = store.truths().values()
        for run in list(store.stored_runs()):
            folded = fold_again(run, truth, is_sound=True, num_samples=store.num_samples()[truth.problem_hash])
            names = [name for name in FOLDED if name not in ("energy", "loss")]
            store.put_run(replace(run, row={**run.row, **{name: getattr(folded, name) for name in names}}))

    code, out, _ = bnnbench_("verify", results, "--rerun", "100%")
    assert code == 1
    assert re.search(r"rerun: random .* gives other values of .*loss_successes", out)
    for share in ("0", "101%", "x"):
        assert bnnbench_("verify", results, "--rerun", share)[0] == 2
