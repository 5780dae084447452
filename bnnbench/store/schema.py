"""The schema of a store: its tables, of which those of runs and instances follow from the records of a run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from functools import cache

from bnnbench.store.columns import FEATURES, STORED

SCHEMA_VERSION = 2
APPLICATION_ID = 0x424E4E52  # "BNNR"
UNRELEASED_ID = 0x424E4E42
"""Of files that versions before 1.0.0 wrote."""

ARRAYS = ("inputs", "targets", "test_inputs", "test_targets", "planted")
BATCH = ("time_s", "num_reads", "energy", "loss", "mean_energy", "mean_loss", "lower_bound", "evaluations")
LEVELS = ("energy_levels", "loss_levels")

SEALED = {"problems": "hash", "truths": "problem_hash", "runs": "key"}
"""Tables whose rows have a digest, with the column that names a row."""
SCHEMA = f"""
CREATE TABLE machines (hash TEXT PRIMARY KEY, info TEXT NOT NULL);
CREATE TABLE problems (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, network TEXT NOT NULL, loss_name TEXT NOT NULL,
    num_samples INTEGER NOT NULL, merged_hash TEXT NOT NULL, shapes TEXT NOT NULL,
    {" BLOB, ".join(ARRAYS)} BLOB, digest TEXT
);
CREATE TABLE instances (
    hash TEXT PRIMARY KEY, problem_hash TEXT NOT NULL, formulation TEXT NOT NULL, qubo_hash TEXT NOT NULL,
    {", ".join(column.sql for column in FEATURES)}
);
CREATE TABLE truths (
    problem_hash TEXT PRIMARY KEY, optimum REAL NOT NULL, truth_kind TEXT NOT NULL, truth_method TEXT NOT NULL,
    num_optima TEXT, weights TEXT NOT NULL, truth_s REAL NOT NULL, certificate TEXT, digest TEXT
);
CREATE TABLE runs ({", ".join(column.sql for column in STORED)}, digest TEXT, PRIMARY KEY (key));
CREATE TABLE batches (
    run TEXT NOT NULL, number INTEGER NOT NULL, time_s REAL, num_reads INTEGER, energy REAL, loss REAL,
    mean_energy REAL, mean_loss REAL, energy_levels TEXT, loss_levels TEXT, lower_bound REAL, evaluations INTEGER,
    PRIMARY KEY (run, number)
);
CREATE TABLE samples (run TEXT NOT NULL, role TEXT NOT NULL, bits TEXT NOT NULL, PRIMARY KEY (run, role));
CREATE TABLE canaries (
    hash TEXT PRIMARY KEY, machine TEXT NOT NULL, processors TEXT, at REAL NOT NULL, seconds REAL NOT NULL
);
CREATE TABLE suites (hash TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL);
"""


@cache
def declarations() -> Mapping[str, str]:
    """Return the names of all tables, with the SQL that SQLite keeps of them."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall())


@cache
def column_types() -> Mapping[str, Mapping[str, str]]:
    """Return the names of all tables, with their columns and the types of these in SQL, in the order of the schema."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        info = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in declarations()}
        return {name: {row[1]: row[2] for row in rows} for name, rows in info.items()}


@cache
def tables() -> Mapping[str, frozenset[str]]:
    """Return the names of all tables, with those of their columns."""
    return {name: frozenset(columns) for name, columns in column_types().items()}
