"""The store: a folder of results with one SQLite file, written by one process, readable at any time.

SQLite in WAL mode with full synchronization: a transaction that has returned survives a killed process and a power
loss. A file that is not such a store, or of a newer schema, is never written to.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from bnnbench.errors import StoreError
from bnnbench.ground_truth.truth import Truth
from bnnbench.harness.cell import Cell
from bnnbench.harness.outcome import Outcome
from bnnbench.hashing import canonical_json, content_hash
from bnnbench.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
APPLICATION_ID = 0x424E4E42  # "BNNB"
FILE = "runs.sqlite"

_SCALARS = (
    "status", "message", "num_reads", "energy", "loss", "energy_gap", "loss_gap", "mean_loss", "energy_successes",
    "loss_successes", "violations", "train_accuracy", "test_accuracy", "lower_bound", "proved", "compile_s",
    "prepare_s", "sample_s", "judge_s", "time_to_best_s", "time_to_target_s",
)  # fmt: skip
_JSON = ("violations_by_kind", "flags", "clocks", "facts")

_SCHEMA = f"""
CREATE TABLE machines (hash TEXT PRIMARY KEY, info TEXT NOT NULL);
CREATE TABLE problems (
    hash TEXT PRIMARY KEY, network TEXT NOT NULL, loss_name TEXT NOT NULL, num_samples INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE instances (
    hash TEXT PRIMARY KEY, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL, qubo_hash TEXT NOT NULL,
    num_variables INTEGER NOT NULL, num_couplings INTEGER NOT NULL, is_sound INTEGER NOT NULL
);
CREATE TABLE truths (
    problem_hash TEXT PRIMARY KEY, optimum REAL NOT NULL, truth_kind TEXT NOT NULL, truth_method TEXT NOT NULL,
    num_optima TEXT, weights TEXT NOT NULL, truth_s REAL NOT NULL
);
CREATE TABLE runs (
    key TEXT PRIMARY KEY, problem TEXT NOT NULL, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL,
    instance_hash TEXT NOT NULL, solver TEXT NOT NULL, parameters TEXT NOT NULL, versions TEXT NOT NULL,
    seed INTEGER NOT NULL, repetition INTEGER NOT NULL, budget_seconds REAL, budget_reads INTEGER,
    machine TEXT NOT NULL, started_at TEXT NOT NULL, load REAL NOT NULL, log_tail TEXT NOT NULL,
    {", ".join(_SCALARS)}, {", ".join(_JSON)}
);
CREATE TABLE batches (
    run TEXT NOT NULL, number INTEGER NOT NULL, time_s REAL, num_reads INTEGER, energy REAL, loss REAL,
    mean_energy REAL, mean_loss REAL, energy_levels TEXT, loss_levels TEXT, lower_bound REAL, PRIMARY KEY (run, number)
);
CREATE TABLE samples (run TEXT NOT NULL, role TEXT NOT NULL, bits TEXT NOT NULL, PRIMARY KEY (run, role));
"""


class Store:
    """An open results folder; see `open_store` and `read_store`."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.folder = folder
        self._db = connection
        self._lock = lock
        self._depth = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._db.close()
        if self._lock:
            self._lock.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is committed together, or not at all."""
        if self._depth:
            yield
            return
        self._depth = 1
        try:
            with _as_store_error(self.folder):
                self._db.execute("BEGIN")
                try:
                    yield
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
        finally:
            self._depth = 0

    def add_machine(self, info: Mapping[str, Any]) -> str:
        """Note a machine; returns its hash."""
        key = content_hash("machine", info)
        self._insert("OR IGNORE", "machines", {"hash": key, "info": canonical_json(info)})
        return key

    def add_problem(self, problem: Problem) -> None:
        """Note a problem with all its data, so that its instances can be built again."""
        arrays = {
            name: getattr(problem, name).tolist()
            for name in ("inputs", "targets", "test_inputs", "test_targets")
            if getattr(problem, name) is not None
        }
        header = {"widths": problem.network.widths, "bias": problem.network.bias, "loss": problem.loss}
        row = {
            "hash": problem.hash,
            "network": str(problem.network),
            "loss_name": problem.loss,
            "num_samples": problem.num_samples,
            "data": json.dumps(header | arrays),
        }
        self._insert("OR IGNORE", "problems", row)

    def problem(self, problem_hash: str) -> Problem:
        """Rebuild a problem from what was noted of it."""
        from bnnbench.network import Network

        found = self._db.execute("SELECT data FROM problems WHERE hash = ?", (problem_hash,)).fetchone()
        if found is None:
            raise StoreError(f"{self.folder} holds no problem with the hash {problem_hash}.")
        data = json.loads(found["data"])
        network = Network(tuple(data.pop("widths")), data.pop("bias"))
        return Problem(network, **data)

    def add_truth(self, truth: Truth) -> None:
        """Note a truth; a certified one replaces one that is not, a lower one replaces a higher one."""
        old = self._db.execute(
            "SELECT optimum, truth_kind FROM truths WHERE problem_hash = ?", (truth.problem_hash,)
        ).fetchone()
        if old and (old["truth_kind"] != "best_known" or old["optimum"] < truth.loss):
            return
        row = {
            "problem_hash": truth.problem_hash,
            "optimum": truth.loss,
            "truth_kind": truth.kind,
            "truth_method": truth.method,
            "num_optima": None if truth.num_optima is None else str(truth.num_optima),
            "weights": json.dumps(truth.optima[:1].tolist()),
            "truth_s": truth.seconds,
        }
        self._insert("OR REPLACE", "truths", row)

    def add_instance(self, **row: Any) -> None:
        """Note the size of an instance; keywords are the columns of the table."""
        self._insert("OR IGNORE", "instances", row)

    def add_run(
        self, cell: Cell, outcome: Outcome, *, machine: str, started_at: str, load: float, log_tail: str = ""
    ) -> None:
        """Write a run with its batches and best samples, in one transaction."""
        row = {
            "key": cell.key,
            "problem": cell.problem.name,
            "problem_hash": cell.problem.hash,
            "formulation": str(cell.formulation),
            "instance_hash": cell.instance_hash,
            "solver": cell.solver_label,
            "parameters": canonical_json(cell.parameters),
            "versions": canonical_json(cell.versions),
            "seed": cell.seed,
            "repetition": cell.repetition,
            "budget_seconds": cell.budget.seconds,
            "budget_reads": cell.budget.reads,
            "machine": machine,
            "started_at": started_at,
            "load": load,
            "log_tail": log_tail,
        }
        row |= {name: getattr(outcome, name) for name in _SCALARS}
        row |= {name: json.dumps(getattr(outcome, name)) for name in _JSON}
        with self.transaction():
            for table in ("batches", "samples"):
                self._db.execute(f"DELETE FROM {table} WHERE run = ?", (cell.key,))  # noqa: S608
            self._insert("OR REPLACE", "runs", row)
            for number, batch in enumerate(outcome.batches):
                kept = {name: getattr(batch, name) for name in _BATCH}
                levels = {name: json.dumps(getattr(batch, name)) for name in ("energy_levels", "loss_levels")}
                self._insert("OR REPLACE", "batches", {"run": cell.key, "number": number, **kept, **levels})
            for role, bits in (("energy", outcome.best_bits), ("loss", outcome.best_weights)):
                if bits:
                    self._insert("OR REPLACE", "samples", {"run": cell.key, "role": role, "bits": bits})

    def finished(self, *, retry_failed: bool = False) -> set[str]:
        """Keys of the runs that need not be run again: all but ``unavailable`` ones, or only what did not fail."""
        done = ("ok", "refused") if retry_failed else ("ok", "refused", "timeout", "memory", "crash", "error")
        marks = ", ".join("?" * len(done))
        return {row["key"] for row in self._db.execute(f"SELECT key FROM runs WHERE status IN ({marks})", done)}  # noqa: S608

    def runs(self) -> pd.DataFrame:
        """One row per run with its problem, instance and truth; facts are columns ``fact.…``, clocks ``clock.…``."""
        import pandas as pd

        query = """
            SELECT runs.*, network, loss_name, num_samples, num_variables, num_couplings, is_sound, optimum, truth_kind,
                num_optima
            FROM runs LEFT JOIN problems ON problems.hash = runs.problem_hash
                LEFT JOIN instances ON instances.hash = runs.instance_hash
                LEFT JOIN truths ON truths.problem_hash = runs.problem_hash
            ORDER BY problem, runs.formulation, solver, repetition
        """
        with _as_store_error(self.folder):
            rows = [dict(row) for row in self._db.execute(query)]
        for row in rows:
            row["flags"] = "; ".join(json.loads(row["flags"]))
            for name, prefix in (("facts", "fact"), ("clocks", "clock"), ("violations_by_kind", "violations")):
                row |= {f"{prefix}.{key}": value for key, value in json.loads(row.pop(name)).items()}
        return pd.DataFrame(rows)

    def batches(self, key: str) -> pd.DataFrame:
        """The anytime trace of a run, a row per batch."""
        import pandas as pd

        rows = self._db.execute("SELECT * FROM batches WHERE run = ? ORDER BY number", (key,))
        return pd.DataFrame([dict(row) for row in rows])

    def _insert(self, conflict: str, table: str, row: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        with _as_store_error(self.folder):
            self._db.execute(f"INSERT {conflict} INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608


_BATCH = ("time_s", "num_reads", "energy", "loss", "mean_energy", "mean_loss", "lower_bound")
assert set(_SCALARS) | set(_JSON) <= {field.name for field in fields(Outcome)}  # noqa: S101


def open_store(folder: Path) -> Store:
    """Open a results folder for writing, and make it if it is not there.

    Raises
    ------
    StoreError
        If the folder cannot be made or written, if another process writes to it, or if its file is not a store of
        this schema.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "runs.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}; give another folder with --out.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise StoreError(
            f"{folder} is being written by process {owner}; wait for it to end, or give another folder with --out."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    path = folder / FILE
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new:
            _check(path)
        with _as_store_error(folder):
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if is_new:
                pragmas = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
                connection.executescript(f"BEGIN; {pragmas} {_SCHEMA} COMMIT;")
    except BaseException:
        lock.close()
        raise
    return Store(folder, connection, lock)


def read_store(folder: Path) -> Store:
    """Open a results folder for reading, also while another process writes to it.

    Raises
    ------
    StoreError
        If there is no store, or its file is not one of this schema.
    """
    path = folder / FILE
    if not path.is_file():
        raise StoreError(f"{folder} holds no results ({FILE} is missing); run: bnnbench run SUITE --out {folder}.")
    _check(path)
    return Store(folder, _connect_to_read(path), None)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    with _as_store_error(path.parent):
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            # A finished store in a folder that cannot be written has no place for WAL's shared memory.
            connection.close()
            connection = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
            connection.row_factory = sqlite3.Row
    return connection


def _check(path: Path) -> None:
    """Raise `StoreError` if a file is not a store of this schema; changes nothing."""
    connection = None
    try:
        connection = _connect_to_read(path)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
    except (StoreError, sqlite3.DatabaseError) as error:
        raise StoreError(f"{path} is not a store of bnnbench ({error}); it was left as it is; give another folder.") from error
    finally:
        if connection:
            connection.close()
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file of another program; it was left as it is; give another folder.")
    if schema > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema {schema}, but this version of bnnbench reads up to {SCHEMA_VERSION}; upgrade bnnbench."
        )


@contextlib.contextmanager
def _as_store_error(folder: Path) -> Iterator[None]:
    """Turn what SQLite raises into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        advice = {
            "full": "free some space; all finished runs are kept, and the same command goes on",
            "readonly": "make it writable, or give another folder with --out",
            "locked": "another program holds the file; close it",
        }
        text = str(error)
        known = [sentence for word, sentence in advice.items() if word in text]
        raise StoreError(f"{folder / FILE}: {text}; {known[0] if known else 'check the disk and the file'}.") from error
