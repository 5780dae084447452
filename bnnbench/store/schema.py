"""The schema of a store: its tables and columns, and how an older file gets those that it lacks."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from functools import cache

from bnnbench.runs.outcome import Outcome

SCHEMA_VERSION = 5
APPLICATION_ID = 0x424E4E42  # "BNNB"

SCALARS = (
    "status", "message", "num_reads", "energy", "loss", "energy_gap", "loss_gap", "mean_loss", "energy_successes",
    "loss_successes", "violations", "train_accuracy", "test_accuracy", "lower_bound", "proved", "compile_s",
    "prepare_s", "sample_s", "judge_s", "cpu_s", "peak_mib", "time_to_best_s", "time_to_target_s",
)  # fmt: skip
JSON = ("violations_by_kind", "flags", "clocks", "facts")
TEXTS = ("status", "message")
NUMBERS = (
    "budget_seconds", "budget_reads", "num_samples", "num_variables", "num_couplings", "dynamic_range", "is_sound",
    "optimum", "num_optima", "load_after", "threads", "is_timed", "slowdown",
)  # fmt: skip
YOUNGER = frozenset({"cpu_s", "peak_mib", "load_after", "processors", "threads", "is_timed"})
"""Columns that rows of older schemas do not have, and that their digests do not cover."""
ARRAYS = ("inputs", "targets", "test_inputs", "test_targets", "planted")
BATCH = ("time_s", "num_reads", "energy", "loss", "mean_energy", "mean_loss", "lower_bound")
assert set(SCALARS) | set(JSON) <= {field.name for field in fields(Outcome)}  # noqa: S101

SEALED = {"problems": "hash", "truths": "problem_hash", "runs": "key"}
"""Tables whose rows have a digest, with the column that names a row."""
CANARIES = """
CREATE TABLE canaries (
    hash TEXT PRIMARY KEY, machine TEXT NOT NULL, processors TEXT, at REAL NOT NULL, seconds REAL NOT NULL
);"""
SUITES = "CREATE TABLE suites (hash TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL);"
SCHEMA = f"""
CREATE TABLE machines (hash TEXT PRIMARY KEY, info TEXT NOT NULL);
CREATE TABLE problems (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, network TEXT NOT NULL, loss_name TEXT NOT NULL,
    num_samples INTEGER NOT NULL, shapes TEXT NOT NULL, {" BLOB, ".join(ARRAYS)} BLOB, digest TEXT
);
CREATE TABLE instances (
    hash TEXT PRIMARY KEY, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL, qubo_hash TEXT NOT NULL,
    num_variables INTEGER NOT NULL, num_couplings INTEGER NOT NULL, is_sound INTEGER NOT NULL,
    dynamic_range REAL
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
    {", ".join(SCALARS)}, {", ".join(JSON)}, digest TEXT
);
CREATE TABLE batches (
    run TEXT NOT NULL, number INTEGER NOT NULL, time_s REAL, num_reads INTEGER, energy REAL, loss REAL,
    mean_energy REAL, mean_loss REAL, energy_levels TEXT, loss_levels TEXT, lower_bound REAL, PRIMARY KEY (run, number)
);
CREATE TABLE samples (run TEXT NOT NULL, role TEXT NOT NULL, bits TEXT NOT NULL, PRIMARY KEY (run, role));
{CANARIES}
{SUITES}
"""


_ADDED: dict[int, dict[str, set[str]]] = {
    2: {"truths": {"certificate"}},
    3: {"truths": {"digest"}, "runs": {"digest"}, "problems": {"digest"}},
    4: {"runs": set(YOUNGER), "canaries": {"hash", "machine", "processors", "at", "seconds"}},
    5: {"instances": {"dynamic_range"}, "suites": {"hash", "name", "text"}},
}
"""Columns that each version brought; a table of which it brought all is one that it brought."""


@cache
def columns_of(version: int = SCHEMA_VERSION) -> Mapping[str, set[str]]:
    """Names of the tables of a version, with those of their columns."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in tables}
    for later in range(version + 1, SCHEMA_VERSION + 1):
        for table, added in _ADDED.get(later, {}).items():
            columns[table] -= added
    return {table: names for table, names in columns.items() if names}


def upgrade(connection: sqlite3.Connection) -> None:
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
        columns = "".join(f"ALTER TABLE runs ADD COLUMN {name};" for name in sorted(YOUNGER))
        connection.executescript(f"BEGIN; {columns} {CANARIES} PRAGMA user_version = 4; COMMIT;")
    if schema < 5:
        column = "ALTER TABLE instances ADD COLUMN dynamic_range REAL;"
        connection.executescript(f"BEGIN; {column} {SUITES} PRAGMA user_version = 5; COMMIT;")
