"""The store: a folder of results with one SQLite file, written by one process, readable at any time.

SQLite in WAL mode with full synchronization: a transaction that has returned survives a killed process and a power
loss. A file that is not such a store, or of a newer schema, is never written to.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError, StoreError
from bnnbench.hashing import canonical_json, content_hash
from bnnbench.optimum.certificate import Certificate
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.redaction import redacted
from bnnbench.runs.cell import Cell, asked_key
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.features import Features
from bnnbench.runs.outcome import Outcome
from bnnbench.runs.speed_probe import SpeedProbe
from bnnbench.runs.thinning import thinned
from bnnbench.store.database import Database, encodable
from bnnbench.store.digests import broken_seals
from bnnbench.store.file import open_to_read, open_to_write, store_errors
from bnnbench.store.frames import RUNS, batches_frame, runs_frame, trace_frame
from bnnbench.store.published import has_published, is_published, open_published
from bnnbench.store.rows import problem_of, problem_row, run_row, truth_of, truth_row
from bnnbench.store.schema import BATCH, LEVELS, SEALED
from bnnbench.store.stored_run import StoredRun, digest_of, join

if TYPE_CHECKING:
    import pandas as pd


class Retry(StrEnum):
    """Runs of a store that are run again on request."""

    FAILED = "failed"
    FLAGGED = "flagged"


class Store(Database):
    """An open results folder; see `open_store` and `read_store`."""

    def add_machine(self, info: Mapping[str, Any]) -> str:
        """Note a machine, and return its hash."""
        key = content_hash("machine", info)
        self._insert("OR IGNORE", "machines", {"hash": key, "info": canonical_json(info)})
        return key

    def add_problem(self, problem: Problem) -> None:
        """Note a problem with all its data, a bit per entry, so that its instances can be built again."""
        with self.transaction():
            if not self._select("SELECT hash FROM problems WHERE hash = ?", problem.hash):
                self._insert("OR IGNORE", "problems", problem_row(problem))
                self._seal("problems", problem.hash)

    def problem(self, problem_hash: str) -> Problem:
        """Rebuild a problem from what was noted of it.

        Raises
        ------
        StoreError
            If it is not there, or if its data no longer have their hash.
        """
        found = self._select("SELECT * FROM problems WHERE hash = ?", problem_hash)
        if not found:
            raise StoreError(
                f"{self.folder} holds no problem with the hash {problem_hash}; see the column problem_hash."
            )
        with self._as_damage():
            problem = problem_of(found[0])
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
                new_rank, old_rank = truth.rank, truth_of(old[0]).rank
            if (new_rank, certificate is not None) <= (old_rank, old[0]["certificate"] is not None):
                return
        with self.transaction():
            self._insert("OR REPLACE", "truths", truth_row(truth, certificate))
            self._seal("truths", truth.problem_hash)

    def certificates(self) -> dict[str, dict[str, Any]]:
        """Return certificates by problem hash, as `bnnbench.optimum.certificate.Certificate` has them."""
        rows = self._select("SELECT * FROM truths WHERE certificate IS NOT NULL")
        with self._as_damage():
            return {row["problem_hash"]: dict(json.loads(row["certificate"])) for row in rows}

    def truths(self) -> dict[str, Truth]:
        """Return what is known of each problem, by its hash; of its optimal settings, only the first is kept."""
        rows = self._select("SELECT * FROM truths ORDER BY problem_hash")
        with self._as_damage():
            return {row["problem_hash"]: truth_of(row) for row in rows}

    def add_instance(self, features: Features, problem_hash: str, formulation: str) -> None:
        """Note the features of an instance."""
        names = {"problem_hash": problem_hash, "formulation": formulation}
        self._insert("OR IGNORE", "instances", asdict(features) | names)

    def add_suite(self, name: str, text: str) -> None:
        """Note the file of a suite that runs into this store."""
        row = {"name": encodable(name), "text": encodable(redacted(text))}
        self._insert("OR IGNORE", "suites", {"hash": content_hash("suite", row), **row})

    def suites(self) -> list[dict[str, Any]]:
        """Return names and texts of the suite files that ran into this store, in the order in which they first did."""
        return self.rows("suites")

    def add_run(self, cell: Cell, outcome: Outcome, circumstances: Circumstances) -> None:
        """Write a run with its batches and best samples, in one transaction."""
        with self.transaction():
            self._db.execute("DELETE FROM batches WHERE run = ?", (cell.key,))
            self._db.execute("DELETE FROM samples WHERE run = ?", (cell.key,))
            self._insert("OR REPLACE", "runs", run_row(cell, outcome, circumstances))
            for number, batch in enumerate(thinned(outcome.batches)):
                kept = {name: getattr(batch, name) for name in BATCH}
                levels = {name: json.dumps(getattr(batch, name)) for name in LEVELS}
                self._insert("OR REPLACE", "batches", {"run": cell.key, "number": number, **kept, **levels})
            for role, bits in (("energy", outcome.best_bits), ("loss", outcome.best_weights)):
                if bits:
                    self._insert("OR REPLACE", "samples", {"run": cell.key, "role": role, "bits": bits})
            self._seal("runs", cell.key)

    def rename(self, names: Mapping[str, str]) -> None:
        """Note what solvers are to be called in tables, by the keys of their runs; an empty name is none."""
        with self.transaction():
            for row in self._select("SELECT key, label FROM runs"):
                name = names.get(row["key"], row["label"]) or None
                if name != row["label"]:
                    self._db.execute("UPDATE runs SET label = ? WHERE key = ?", (name, row["key"]))
                    self._seal("runs", row["key"])

    def add_speed_probe(self, probe: SpeedProbe, *, machine: str, processors: str | None) -> None:
        """Note how fast a machine was, on which processors."""
        row = {"machine": machine, "processors": processors, **asdict(probe)}
        self._insert("OR IGNORE", "canaries", {"hash": content_hash("canary", row), **row})

    def hold(self) -> None:
        """Read from now on what is there now, whatever another process writes."""
        with store_errors(self.folder):
            self._db.execute("BEGIN")

    def run_keys(self) -> list[str]:
        """Return the keys of all runs."""
        return [row["key"] for row in self._select("SELECT key FROM runs ORDER BY key")]

    def find_run(self, start: str) -> str:
        """Return the key of the one run whose key is this, or starts with it.

        Raises
        ------
        InputError
            If there is no such run, or several.
        """
        keys = [key for key in self.run_keys() if key.startswith(start)]
        if start in keys:
            return start
        if len(keys) != 1:
            what = f"no run begins with {start!r}"
            if keys:
                what = f"{len(keys)} runs begin with {start!r}, such as {keys[0]} and {keys[1]}; give more of the key"
            raise InputError(f"{self.folder}: {what}; see the column key of bnnbench export.")
        return keys[0]

    def stored_run(self, key: str) -> StoredRun:
        """Return the run of a key with all its rows."""
        (row,) = self._select("SELECT * FROM runs WHERE key = ?", key)
        batches = self._select("SELECT * FROM batches WHERE run = ? ORDER BY number", key)
        samples = self._select("SELECT * FROM samples WHERE run = ? ORDER BY role", key)
        return StoredRun(row, batches, samples)

    def stored_runs(self) -> Iterator[StoredRun]:
        """Yield all runs with all their rows, in the order of their keys; no more than one is in memory."""
        return join(
            self._stream("SELECT * FROM runs ORDER BY key"),
            self._stream("SELECT * FROM batches ORDER BY run, number"),
            self._stream("SELECT * FROM samples ORDER BY run, role"),
        )

    def runs_of(self, problem_hash: str) -> Iterator[StoredRun]:
        """Yield the runs on a problem with all their rows; they may be written again meanwhile."""
        for row in self._select("SELECT key FROM runs WHERE problem_hash = ? ORDER BY key", problem_hash):
            yield self.stored_run(row["key"])

    def rows(self, table: str, column: str = "", value: str = "") -> list[dict[str, Any]]:
        """Return rows of a table as they are in the file; with a column, those that have a value there."""
        query = f"SELECT * FROM {table}"  # noqa: S608  names of this module
        return self._select(f"{query} WHERE {column} = ? ORDER BY rowid", value) if column else self._select(query)

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Write a row of another store as it is."""
        self._insert("OR REPLACE", table, row)

    def put_run(self, run: StoredRun) -> None:
        """Write a run of another store with all its rows."""
        for table, rows in (("batches", run.batches), ("samples", run.samples), ("runs", [run.row])):
            for row in rows:
                self.put(table, row)
        self._seal("runs", run.key)

    def instances(self) -> list[dict[str, Any]]:
        """Return the rows of instances, as they were added."""
        return self._select("SELECT * FROM instances ORDER BY hash")

    def problems(self) -> list[dict[str, Any]]:
        """Return hash, name, network, loss and number of samples of each problem; see `problem` for its data."""
        return self._select("SELECT hash, name, network, loss_name, num_samples FROM problems ORDER BY hash")

    def num_samples(self) -> dict[str, int]:
        """Return the number of training samples of each problem, by its hash."""
        return {row["hash"]: row["num_samples"] for row in self.problems()}

    def unsealed(self) -> Iterator[str]:
        """Yield what was changed since it was written, without runs: see `bnnbench.store.digests.broken_seals`.

        Raises
        ------
        StoreError
            If a cell cannot be read.
        """
        with self._as_damage():
            yield from broken_seals(self._select)

    def _seal(self, table: str, key: str) -> None:
        column = SEALED[table]
        if table == "runs":
            digest = self.stored_run(key).digest
        else:
            rows = self._select(f"SELECT * FROM {table} WHERE {column} = ?", key)  # noqa: S608  of the schema
            digest = digest_of({table: rows})
        with store_errors(self.folder):
            self._db.execute(f"UPDATE {table} SET digest = ? WHERE {column} = ?", (digest, key))  # noqa: S608

    def finished(self, retry: Collection[str] = ()) -> set[str]:
        """Return the keys of runs that need not run again: all but ``unavailable`` ones, and those to `retry`."""
        done = ("ok", "refused") if Retry.FAILED in retry else ("ok", "refused", "timeout", "memory", "crash", "error")
        rows = self._select("SELECT key, status FROM runs")
        contradicted = {asked_key(row["key"]) for row in rows if asked_key(row["key"]) != row["key"]}
        finished = {row["key"] for row in rows if row["status"] in done}
        if Retry.FLAGGED in retry and finished:
            runs = self.runs()
            finished -= set(runs.loc[runs["flag_texts"].fillna("") != "", "key"])
        return finished | contradicted  # these stay beside each other

    def endings(self) -> list[dict[str, Any]]:
        """Return key, status and loss gap of each run."""
        return self._select("SELECT key, status, loss_gap FROM runs")

    def runs(self) -> pd.DataFrame:
        """Return one row per run with its problem, instance and truth, in an order of the content alone.

        Facts are columns ``fact.…``, clocks ``clock.…``, violations by kind ``violations.…``, flags ``flag_texts``, see
        `bnnbench.store.columns`. What is not there is NaN, also in integer columns.
        """
        rows, machines, probes = self._select(RUNS), self.machines(), self.speed_probes()
        tested = self._select("SELECT * FROM problems WHERE test_targets IS NOT NULL")
        with self._as_damage():
            majorities = {row["hash"]: problem_of(row).majority_test_accuracy for row in tested}
            return runs_frame(rows, machines, probes, majorities)

    def speed_probes(self) -> list[dict[str, Any]]:
        """Return how fast the machines were at what time, see `bnnbench.runs.speed_probe`."""
        return self._select("SELECT * FROM canaries ORDER BY at")

    def batches(self, key: str) -> pd.DataFrame:
        """Return the anytime trace of a run, a row per batch; levels are lists of [value, number of reads]."""
        rows = self._select("SELECT * FROM batches WHERE run = ? ORDER BY number", key)
        with self._as_damage():
            return batches_frame(rows)

    def trace(self) -> pd.DataFrame:
        """Return the batches of all runs, without their levels: a row per batch, in the order of the runs' keys."""
        return trace_frame(self._select)

    def samples(self, key: str) -> dict[str, str]:
        """Return best sample (``energy``) and best weights (``loss``) of a run, packed: see `unpack_bits`."""
        return {row["role"]: row["bits"] for row in self._select("SELECT role, bits FROM samples WHERE run = ?", key)}

    def machines(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each machine, by its hash."""
        rows = self._select("SELECT * FROM machines")
        with self._as_damage():
            return {row["hash"]: dict(json.loads(row["info"])) for row in rows}


def open_store(folder: Path) -> Store:
    """Open a results folder for writing, and make it if it is not there.

    Raises
    ------
    StoreError
        If the folder cannot be made or written, if another process writes to it, or if its file is not a store of
        this schema.
    """
    return Store(folder, *open_to_write(folder))


def read_store(folder: Path) -> Store:
    """Open a results folder for reading, also while another process writes to it; without a store, a published one.

    Raises
    ------
    StoreError
        If there is no store, or its file is not one of this schema.
    """
    is_whole = not folder.is_file() and is_published(folder) and has_published(folder)
    return Store(folder, open_published(folder) if is_whole else open_to_read(folder), None)
