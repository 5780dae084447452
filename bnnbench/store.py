"""The store: a folder of results with one SQLite file, written by one process, readable at any time.

SQLite in WAL mode with full synchronization: a transaction that has returned survives a killed process and a power
loss. A file that is not such a store, or of a newer schema, is never written to.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError, StoreError
from bnnbench.ground_truth.truth import Truth
from bnnbench.harness.canary import SUSPICIOUS, Canary, slowdowns
from bnnbench.harness.cell import Cell
from bnnbench.harness.outcome import Outcome
from bnnbench.harness.repetition import Verdict, verdict
from bnnbench.hashing import canonical_json, content_hash
from bnnbench.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

    from bnnbench.ground_truth.certificate import Certificate

SCHEMA_VERSION = 4
APPLICATION_ID = 0x424E4E42  # "BNNB"
FILE = "runs.sqlite"
TIMEOUT_S = 30.0
"""How long to wait for another program that holds the file, such as a backup."""

_SCALARS = (
    "status", "message", "num_reads", "energy", "loss", "energy_gap", "loss_gap", "mean_loss", "energy_successes",
    "loss_successes", "violations", "train_accuracy", "test_accuracy", "lower_bound", "proved", "compile_s",
    "prepare_s", "sample_s", "judge_s", "cpu_s", "peak_mib", "time_to_best_s", "time_to_target_s",
)  # fmt: skip
_JSON = ("violations_by_kind", "flags", "clocks", "facts")
_TEXTS = ("status", "message")
_NUMBERS = (
    "budget_seconds", "budget_reads", "num_samples", "num_variables", "num_couplings", "is_sound", "optimum",
    "num_optima", "load_after", "threads", "is_timed", "slowdown",
)  # fmt: skip
_YOUNGER = frozenset({"cpu_s", "peak_mib", "load_after", "processors", "threads", "is_timed"})
"""Columns that rows of older schemas do not have, and that their digests do not cover."""
_ARRAYS = ("inputs", "targets", "test_inputs", "test_targets", "planted")
_BATCH = ("time_s", "num_reads", "energy", "loss", "mean_energy", "mean_loss", "lower_bound")
assert set(_SCALARS) | set(_JSON) <= {field.name for field in fields(Outcome)}  # noqa: S101

_SEALED = {"problems": "hash", "truths": "problem_hash", "runs": "key"}
"""Tables whose rows have a digest, with the column that names a row."""
_SHARED = "shared its cores with other runs, so that its times mean nothing"
_DRIFT = f"was on a machine {SUSPICIOUS:g} or more times slower than at its best"
_CANARIES = """
CREATE TABLE canaries (
    hash TEXT PRIMARY KEY, machine TEXT NOT NULL, processors TEXT, at REAL NOT NULL, seconds REAL NOT NULL
);"""
_SCHEMA = f"""
CREATE TABLE machines (hash TEXT PRIMARY KEY, info TEXT NOT NULL);
CREATE TABLE problems (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, network TEXT NOT NULL, loss_name TEXT NOT NULL,
    num_samples INTEGER NOT NULL, shapes TEXT NOT NULL, {" BLOB, ".join(_ARRAYS)} BLOB, digest TEXT
);
CREATE TABLE instances (
    hash TEXT PRIMARY KEY, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL, qubo_hash TEXT NOT NULL,
    num_variables INTEGER NOT NULL, num_couplings INTEGER NOT NULL, is_sound INTEGER NOT NULL
);
CREATE TABLE truths (
    problem_hash TEXT PRIMARY KEY, optimum REAL NOT NULL, truth_kind TEXT NOT NULL, truth_method TEXT NOT NULL,
    num_optima TEXT, weights TEXT NOT NULL, truth_s REAL NOT NULL, certificate TEXT, digest TEXT
);
CREATE TABLE runs (
    key TEXT PRIMARY KEY, problem TEXT NOT NULL, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL,
    instance_hash TEXT NOT NULL, solver TEXT NOT NULL, parameters TEXT NOT NULL, versions TEXT NOT NULL,
    seed INTEGER NOT NULL, repetition INTEGER NOT NULL, budget_seconds REAL, budget_reads INTEGER,
    machine TEXT NOT NULL, started_at TEXT NOT NULL, load REAL NOT NULL, load_after REAL, processors TEXT,
    threads INTEGER, is_timed INTEGER, log_tail TEXT NOT NULL,
    {", ".join(_SCALARS)}, {", ".join(_JSON)}, digest TEXT
);
CREATE TABLE batches (
    run TEXT NOT NULL, number INTEGER NOT NULL, time_s REAL, num_reads INTEGER, energy REAL, loss REAL,
    mean_energy REAL, mean_loss REAL, energy_levels TEXT, loss_levels TEXT, lower_bound REAL, PRIMARY KEY (run, number)
);
CREATE TABLE samples (run TEXT NOT NULL, role TEXT NOT NULL, bits TEXT NOT NULL, PRIMARY KEY (run, role));
{_CANARIES}
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
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:  # SQLite itself rolls back when the disk is full
                        self._db.execute("ROLLBACK")
                    raise
        finally:
            self._depth = 0

    def add_machine(self, info: Mapping[str, Any]) -> str:
        """Note a machine; returns its hash."""
        key = content_hash("machine", info)
        self._insert("OR IGNORE", "machines", {"hash": key, "info": canonical_json(info)})
        return key

    def add_problem(self, problem: Problem) -> None:
        """Note a problem with all its data, a bit per entry, so that its instances can be built again."""
        arrays = {name: getattr(problem, name) for name in _ARRAYS if getattr(problem, name) is not None}
        shapes = {"widths": problem.network.widths, "bias": problem.network.bias}
        row = {
            "hash": problem.hash,
            "name": problem.name,
            "network": str(problem.network),
            "loss_name": problem.loss,
            "num_samples": problem.num_samples,
            "shapes": json.dumps(shapes | {name: array.shape for name, array in arrays.items()}),
        }
        packed = {name: np.packbits(array > 0).tobytes() for name, array in arrays.items()}
        with self.transaction():
            if not self._select("SELECT hash FROM problems WHERE hash = ?", problem.hash):
                self._insert("OR IGNORE", "problems", row | packed)
                self._seal("problems", "hash", problem.hash)

    def problem(self, problem_hash: str) -> Problem:
        """Rebuild a problem from what was noted of it.

        Raises
        ------
        StoreError
            If it is not there, or if its data no longer have their hash.
        """
        from bnnbench.network import Network

        found = self._select("SELECT * FROM problems WHERE hash = ?", problem_hash)
        if not found:
            raise StoreError(
                f"{self.folder} holds no problem with the hash {problem_hash}; see the column problem_hash."
            )
        with self._as_damage():
            row, shapes = found[0], json.loads(found[0]["shapes"])
            arrays = {name: _unpack(row[name], shapes[name]) for name in _ARRAYS if name in shapes}
            network = Network(tuple(shapes["widths"]), shapes["bias"])
            problem = Problem(network, loss=row["loss_name"], name=row["name"], **arrays)
        if problem.hash != problem_hash:
            raise StoreError(
                f"{self.folder}: the data of the problem {problem.name} have the hash {problem.hash} instead of "
                f"{problem_hash}; the file is damaged, so restore it from a copy."
            )
        return problem

    def add_truth(self, truth: Truth, certificate: Certificate | None = None) -> None:
        """Note a truth; it replaces one that is not certified, has a higher loss, or did not count the optima.

        An equal truth replaces one that has no certificate, if it has one.
        """
        old = self._select("SELECT * FROM truths WHERE problem_hash = ?", truth.problem_hash)
        if old:
            with self._as_damage():
                new_rank, old_rank = truth.rank, _truth(old[0]).rank
            if (new_rank, certificate is not None) <= (old_rank, old[0]["certificate"] is not None):
                return
        row = {
            "problem_hash": truth.problem_hash,
            "optimum": truth.loss,
            "truth_kind": truth.kind,
            "truth_method": truth.method,
            "num_optima": None if truth.num_optima is None else str(truth.num_optima),  # can exceed 2^63
            "weights": json.dumps(truth.optima[:1].tolist()),
            "truth_s": truth.seconds,
            "certificate": None if certificate is None else json.dumps(asdict(certificate)),
        }
        with self.transaction():
            self._insert("OR REPLACE", "truths", row)
            self._seal("truths", "problem_hash", truth.problem_hash)

    def certificates(self) -> dict[str, dict[str, Any]]:
        """Certificates by problem hash, as `bnnbench.ground_truth.certificate.Certificate` has them."""
        rows = self._select("SELECT * FROM truths")  # an older store has no such column
        with self._as_damage():
            return {row["problem_hash"]: dict(json.loads(row["certificate"])) for row in rows if row.get("certificate")}

    def truths(self) -> dict[str, Truth]:
        """What is known of each problem, by problem hash; of its optimal settings, only the first is kept."""
        rows = self._select("SELECT * FROM truths ORDER BY problem_hash")
        with self._as_damage():
            return {row["problem_hash"]: _truth(row) for row in rows}

    def add_instance(
        self,
        hash: str,  # noqa: A002  the name of the column
        problem_hash: str,
        formulation: str,
        qubo_hash: str,
        num_variables: int,
        num_couplings: int,
        is_sound: bool,
    ) -> None:
        """Note the size of an instance, and whether its ground energy is the optimal loss for certain."""
        row = {
            "hash": hash,
            "problem_hash": problem_hash,
            "formulation": formulation,
            "qubo_hash": qubo_hash,
            "num_variables": int(num_variables),
            "num_couplings": int(num_couplings),
            "is_sound": int(is_sound),
        }
        self._insert("OR IGNORE", "instances", row)

    def add_run(
        self,
        cell: Cell,
        outcome: Outcome,
        *,
        machine: str,
        started_at: str,
        load: float,
        load_after: float | None = None,
        processors: str | None = None,
        is_timed: bool = True,
        log_tail: str = "",
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
            "load_after": load_after,
            "processors": processors,
            "threads": cell.threads,
            "is_timed": int(is_timed),
            "log_tail": log_tail,
        }
        row |= {name: getattr(outcome, name) for name in _SCALARS}
        row |= {name: json.dumps(getattr(outcome, name)) for name in _JSON}
        with self.transaction():
            self._db.execute("DELETE FROM batches WHERE run = ?", (cell.key,))
            self._db.execute("DELETE FROM samples WHERE run = ?", (cell.key,))
            self._insert("OR REPLACE", "runs", row)
            for number, batch in enumerate(outcome.batches):
                kept = {name: getattr(batch, name) for name in _BATCH}
                levels = {name: json.dumps(getattr(batch, name)) for name in ("energy_levels", "loss_levels")}
                self._insert("OR REPLACE", "batches", {"run": cell.key, "number": number, **kept, **levels})
            for role, bits in (("energy", outcome.best_bits), ("loss", outcome.best_weights)):
                if bits:
                    self._insert("OR REPLACE", "samples", {"run": cell.key, "role": role, "bits": bits})
            self._seal("runs", "key", cell.key)

    def add_canary(self, canary: Canary, *, machine: str, processors: str | None) -> None:
        """Note how fast a machine was, on which processors."""
        row = {"machine": machine, "processors": processors, **asdict(canary)}
        self._insert("OR IGNORE", "canaries", {"hash": content_hash("canary", row), **row})

    def hold(self) -> None:
        """From now on read what is there now, whatever another process writes."""
        with _as_store_error(self.folder):
            self._db.execute("BEGIN")

    def run_keys(self) -> list[str]:
        """Keys of all runs."""
        return [row["key"] for row in self._select("SELECT key FROM runs ORDER BY key")]

    def find_run(self, start: str) -> str:
        """The key of the one run whose key is this, or starts with it.

        Raises
        ------
        InputError
            If there is no such run, or several.
        """
        keys = [key for key in self.run_keys() if key.startswith(start)]
        if start in keys:
            return start
        if len(keys) != 1:
            what = f"{len(keys)} runs, such as {keys[0]} and {keys[1]}," if keys else "no run"
            raise InputError(f"{self.folder}: {what} begins with {start!r}; see the column key of bnnbench export.")
        return keys[0]

    def answer(self, key: str) -> dict[str, Any]:
        """The row of a run with its samples; see `bnnbench.answer.differences`."""
        (row,) = self.rows("runs", "key", key)
        return row | {f"sample.{role}": bits for role, bits in self.samples(key).items()}

    def rows(self, table: str, column: str = "", value: str = "") -> list[dict[str, Any]]:
        """Rows of a table as they are in the file; with a column, those that have a value there."""
        with _as_store_error(self.folder):  # a table that an older schema does not have is empty
            names = {row["name"] for row in self._db.execute("SELECT name FROM sqlite_master")}
        if table not in names:
            return []
        query = f"SELECT * FROM {table}"  # noqa: S608  names of this module
        return self._select(f"{query} WHERE {column} = ? ORDER BY rowid", value) if column else self._select(query)

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row of another store as it is; of a run, after its batches and samples."""
        self._insert("OR REPLACE", table, row)
        if row.get("digest") is not None:
            column = _SEALED[table]
            self._seal(table, column, row[column])

    def instances(self) -> list[dict[str, Any]]:
        """Rows of instances, as they were added."""
        return self._select("SELECT * FROM instances ORDER BY hash")

    def problems(self) -> list[dict[str, Any]]:
        """Hash, name, network, loss and number of samples of each problem; see `problem` for its data."""
        return self._select("SELECT hash, name, network, loss_name, num_samples FROM problems ORDER BY hash")

    def unsealed(self) -> Iterator[str]:
        """What was changed since it was written, a sentence each: damaged pages, and rows whose digest differs.

        The digest of a run covers its row, its batches and its samples. Rows that versions of schema 1 and 2 wrote have
        none.
        """
        for row in self._select("PRAGMA integrity_check"):
            if row["integrity_check"] != "ok":
                yield f"SQLite finds the file damaged: {row['integrity_check']}."
        for key, info in self.machines().items():
            if content_hash("machine", info) != key:
                yield f"the machine {key} was changed: its content has another hash."
        for row in self.canaries():
            key = row.pop("hash")
            if content_hash("canary", row) != key:
                yield f"the canary {key} was changed: its content has another hash."
        for table, column in _SEALED.items():
            for row in self._select(f"SELECT * FROM {table} ORDER BY {column}"):  # noqa: S608  names of this module
                if row.get("digest") not in (None, self._digest(table, column, row[column])):
                    yield f"the row {row[column]} of {table} was changed: its content does not have its digest."
        for table in ("batches", "samples"):
            query = f"SELECT DISTINCT run FROM {table} WHERE run NOT IN (SELECT key FROM runs) ORDER BY run"  # noqa: S608
            for row in self._select(query):
                yield f"{table} belong to the run {row['run']}, which is not there."

    def _seal(self, table: str, column: str, key: str) -> None:
        digest = self._digest(table, column, key)
        with _as_store_error(self.folder):
            self._db.execute(f"UPDATE {table} SET digest = ? WHERE {column} = ?", (digest, key))  # noqa: S608

    def _digest(self, table: str, column: str, key: str) -> str:
        """Content hash of a row as SQLite gives it back; of a run, with its batches and samples."""
        rows = self._select(f"SELECT * FROM {table} WHERE {column} = ?", key)  # noqa: S608  names of this module
        content: dict[str, Any] = {
            table: [
                {k: v for k, v in row.items() if k != "digest" and (k not in _YOUNGER or v is not None)} for row in rows
            ]
        }
        if table == "runs":
            content["batches"] = self._select("SELECT * FROM batches WHERE run = ? ORDER BY number", key)
            content["samples"] = self._select("SELECT * FROM samples WHERE run = ? ORDER BY role", key)
        return hashlib.sha256(repr(content).encode(errors="surrogatepass")).hexdigest()

    def finished(self, *, retry_failed: bool = False) -> set[str]:
        """Keys of the runs that need not be run again: all but ``unavailable`` ones, or only what did not fail."""
        done = ("ok", "refused") if retry_failed else ("ok", "refused", "timeout", "memory", "crash", "error")
        return {row["key"] for row in self._select("SELECT key, status FROM runs") if row["status"] in done}

    def verdicts(self) -> dict[str, Verdict]:
        """Of each run that need not run again, whether it reached the optimum."""
        rows = self._select("SELECT key, status, loss_gap FROM runs WHERE status != 'unavailable'")
        return {row["key"]: verdict(row["status"], row["loss_gap"]) for row in rows}

    def runs(self) -> pd.DataFrame:
        """One row per run with its problem, instance and truth, in an order that depends on the content alone.

        Facts are columns ``fact.…``, clocks ``clock.…``, violations by kind ``violations.…``, flags ``flag_texts``, see
        `bnnbench.columns`. What is not there is NaN, also in integer columns.
        """
        import pandas as pd

        query = """
            SELECT runs.*, network, loss_name, num_samples, num_variables, num_couplings, is_sound, optimum, truth_kind,
                num_optima
            FROM runs LEFT JOIN problems ON problems.hash = runs.problem_hash
                LEFT JOIN instances ON instances.hash = runs.instance_hash
                LEFT JOIN truths ON truths.problem_hash = runs.problem_hash
            ORDER BY problem, runs.formulation, solver, repetition, runs.key
        """
        rows, machines, canaries = self._select(query), self.machines(), self.canaries()
        with self._as_damage():
            slow = slowdowns(map(_when, rows), canaries)
            for row, slowdown in zip(rows, slow, strict=True):
                row["slowdown"] = slowdown
                flags = json.loads(row.pop("flags"))
                flags += [_DRIFT] if (slowdown or 1) >= SUSPICIOUS else []
                flags += [_SHARED] if row.get("is_timed") == 0 else []
                row["flag_texts"] = "; ".join(flags)  # a frame has an attribute `flags`
                machine = machines.get(row["machine"], {})
                row |= {"cpu": machine.get("cpu"), "bnnbench_version": machine.get("bnnbench")}
                for name, prefix in (("facts", "fact"), ("clocks", "clock"), ("violations_by_kind", "violations")):
                    row |= {f"{prefix}.{key}": value for key, value in json.loads(row.pop(name)).items()}
            frame = pd.DataFrame(rows)
            for name in frame.columns.intersection([*_NUMBERS, *(set(_SCALARS) - set(_TEXTS))]):
                frame[name] = pd.to_numeric(frame[name])  # a column of None alone is not one of numbers
            return frame

    def canaries(self) -> list[dict[str, Any]]:
        """How fast the machines were at what time, see `bnnbench.harness.canary`."""
        if not self._select("SELECT name FROM sqlite_master WHERE name = 'canaries'"):
            return []  # of an older schema
        return self._select("SELECT * FROM canaries ORDER BY at")

    def batches(self, key: str) -> pd.DataFrame:
        """The anytime trace of a run, a row per batch; levels are lists of [value, number of reads]."""
        import pandas as pd

        rows = self._select("SELECT * FROM batches WHERE run = ? ORDER BY number", key)
        levels = ("energy_levels", "loss_levels")
        with self._as_damage():
            return pd.DataFrame([row | {name: json.loads(row[name]) for name in levels} for row in rows])

    def trace(self) -> pd.DataFrame:
        """The batches of all runs, without their levels: a row per batch, in the order of the runs' keys."""
        import pandas as pd

        types = {"run": str, "number": int, "time_s": float, "num_reads": int, "energy": float, "loss": float}
        query = f"SELECT {', '.join(types)} FROM batches WHERE run IN (SELECT key FROM runs) ORDER BY run, number"  # noqa: S608
        return pd.DataFrame(self._select(query), columns=list(types)).astype(types)

    def samples(self, key: str) -> dict[str, str]:
        """Best sample (``energy``) and best weights (``loss``) of a run, for `bnnbench.harness.judge.unpack_bits`."""
        return {row["role"]: row["bits"] for row in self._select("SELECT role, bits FROM samples WHERE run = ?", key)}

    def machines(self) -> dict[str, dict[str, Any]]:
        """What is known of each machine, by its hash."""
        rows = self._select("SELECT * FROM machines")
        with self._as_damage():
            return {row["hash"]: dict(json.loads(row["info"])) for row in rows}

    @contextlib.contextmanager
    def _as_damage(self) -> Iterator[None]:
        """Turn what damaged cells raise when they are read into a sentence."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise StoreError(
                f"{self.folder / FILE} holds a cell that cannot be read ({reason}); the file is damaged, so restore it "
                "from a copy."
            ) from error

    def _select(self, query: str, *values: str) -> list[dict[str, Any]]:
        with _as_store_error(self.folder):
            return [dict(row) for row in self._db.execute(query, values)]

    def _insert(self, conflict: str, table: str, row: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        # Paths and command lines can hold bytes that are no text; SQLite cannot.
        values = [v.encode(errors="replace").decode() if isinstance(v, str) else v for v in row.values()]
        with _as_store_error(self.folder):
            self._db.execute(f"INSERT {conflict} INTO {table} ({', '.join(row)}) VALUES ({marks})", values)  # noqa: S608


def open_store(folder: Path) -> Store:
    """Open a results folder for writing, and make it if it is not there.

    Raises
    ------
    StoreError
        If the folder cannot be made or written, if another process writes to it, or if its file is not a store of
        this schema.
    """
    path = folder / FILE
    lock = _lock(folder)
    try:
        is_new = not _is_there(path) or _is_blank(path)
        with _as_store_error(folder):
            connection = _connect(path, "rw" if _is_there(path) else "rwc")
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                if is_new:
                    pragmas = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
                    connection.executescript(f"BEGIN; {pragmas} {_SCHEMA} COMMIT;")
                else:
                    # Fails now if the file cannot be written, and changes nothing; BEGIN IMMEDIATE alone does not fail.
                    connection.executescript(f"BEGIN IMMEDIATE; PRAGMA user_version = {SCHEMA_VERSION}; ROLLBACK;")
                    _upgrade(connection)
            except BaseException:
                connection.close()
                raise
    except BaseException:
        lock.close()
        raise
    return Store(folder, connection, lock)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a store of an older schema up to date; nothing in it changes its meaning."""
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if schema < 2:
        connection.executescript(
            "BEGIN; ALTER TABLE truths ADD COLUMN certificate TEXT; PRAGMA user_version = 2; COMMIT;"
        )
    if schema < 3:
        connection.executescript(
            "BEGIN; ALTER TABLE truths ADD COLUMN digest TEXT; ALTER TABLE runs ADD COLUMN digest TEXT;"
            "ALTER TABLE problems ADD COLUMN digest TEXT; PRAGMA user_version = 3; COMMIT;"
        )
    if schema < 4:
        columns = "".join(f"ALTER TABLE runs ADD COLUMN {name};" for name in sorted(_YOUNGER))
        connection.executescript(f"BEGIN; {columns} {_CANARIES} PRAGMA user_version = 4; COMMIT;")


def _lock(folder: Path) -> IO[str]:
    """Hold the folder's lock file; the system lets go of it when the process ends, however it ends."""
    lock = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "runs.lock").open("a+", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    except BlockingIOError:
        assert lock is not None  # noqa: S101  only flock blocks
        with lock:
            lock.seek(0)
            owner = lock.read().strip() or "of unknown number"
        raise StoreError(
            f"{folder} is being written by process {owner}; wait for it to end, or give another folder with --out."
        ) from None
    except OSError as error:
        if lock:
            with contextlib.suppress(OSError):  # the same error again, if the disk is full
                lock.close()
        raise StoreError(f"{folder} cannot be written: {error.strerror}; give another folder with --out.") from error
    return lock


def read_store(folder: Path) -> Store:
    """Open a results folder for reading, also while another process writes to it.

    Raises
    ------
    StoreError
        If there is no store, or its file is not one of this schema.
    """
    path = folder / FILE
    if not _is_there(path):
        raise StoreError(f"{folder} holds no results ({FILE} is missing); run: bnnbench run SUITE --out {folder}.")
    if _is_blank(path):
        raise StoreError(f"{folder} holds no results yet ({FILE} is empty); run: bnnbench run SUITE --out {folder}.")
    with _as_store_error(folder):
        return Store(folder, _connect_to_read(path), None)


def _is_there(path: Path) -> bool:
    """Whether there is a file; `StoreError` if there is something else, which could block whoever opens it."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}; check the path and its permissions.") from error
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is not a file; it was left as it is; give another folder.")
    return True


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{mode if '=' in mode else f'mode={mode}'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=TIMEOUT_S)
    connection.row_factory = sqlite3.Row
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        connection.close()
        log = path.with_name(f"{FILE}-wal")
        no_room = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not no_room or not os.access(path, os.R_OK, effective_ids=True) or (log.exists() and log.stat().st_size):
            raise
        # A finished store in a folder that cannot be written has no place for WAL's shared memory, and needs none.
        return _connect(path, "immutable=1")
    return connection


def _is_blank(path: Path) -> bool:
    """Whether a file has yet to get its tables; `StoreError` if it is not a store of this schema. Changes nothing."""
    try:
        with contextlib.closing(_connect_to_read(path)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            schema = connection.execute("PRAGMA user_version").fetchone()[0]
            num_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be read ({error}); check its permissions, and its folder's.") from error
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} is not a store of bnnbench ({error}); it was left as it is; give another folder."
        ) from error
    if application == schema == num_tables == 0:
        return True  # a process that was killed before its first commit leaves this
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file of another program; it was left as it is; give another folder.")
    if schema < 1:
        raise StoreError(f"{path} has schema {schema}, which none of bnnbench has; it was left as it is.")
    if schema > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema {schema}, but this version of bnnbench reads up to {SCHEMA_VERSION}; upgrade bnnbench."
        )
    return False


def _truth(row: Mapping[str, Any]) -> Truth:
    return Truth(
        problem_hash=row["problem_hash"],
        loss=row["optimum"],
        kind=row["truth_kind"],
        method=row["truth_method"],
        optima=np.array(json.loads(row["weights"]), dtype=np.int8),
        num_optima=None if row["num_optima"] is None else int(row["num_optima"]),
        seconds=row["truth_s"],
        lower_bound=0.0 if row["truth_kind"] == "best_known" else None,  # what was proved is in the certificate
    )


def _when(row: Mapping[str, Any]) -> tuple[Any, Any, float, float]:
    """Machine, processors, begin and end of a run."""
    begun = datetime.fromisoformat(row["started_at"]).timestamp()
    lasted = sum(row[name] or 0.0 for name in ("compile_s", "prepare_s", "sample_s", "judge_s"))
    return row["machine"], row.get("processors"), begun, begun + lasted


def _unpack(packed: bytes, shape: list[int]) -> NDArray[np.int8]:
    """−1 and +1 from bits, first bit highest."""
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=math.prod(shape))
    return (2 * bits.astype(np.int8) - 1).reshape(shape)


@contextlib.contextmanager
def _as_store_error(folder: Path) -> Iterator[None]:
    """Turn what SQLite raises into a sentence."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        advice = {
            "full": "free some space; all finished runs are kept, and the same command goes on",
            "readonly": "make the file and its folder writable, or give another folder with --out",
            "locked": "another program holds the file; close it",
        }
        text = str(error)
        known = [sentence for word, sentence in advice.items() if word in text]
        raise StoreError(f"{folder / FILE}: {text}; {known[0] if known else 'check the disk and the file'}.") from error
