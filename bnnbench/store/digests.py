"""Seals: hashes of the rows of a store, by which a change since they were written is found.

Machines, canaries and suites are named by the hash of their content; problems, truths and runs carry a digest. That of
a run covers its row, its batches and its samples.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from bnnbench.hashing import content_hash
from bnnbench.store.schema import SCHEMA_VERSION, SEALED, declarations, tables
from bnnbench.store.stored_run import StoredRun, digest_of

Select = Callable[..., list[dict[str, Any]]]
"""Answers a query, given with its values, by rows as SQLite has them."""


def broken_seals(select: Select) -> Iterator[str]:
    """Yield what was changed since it was written, a sentence each: damaged pages, other tables, rows of another hash.

    The digests of runs are compared by `broken_run`, as their rows are read.
    """
    for row in select("PRAGMA integrity_check"):
        if row["integrity_check"] != "ok":
            yield f"SQLite finds the file damaged: {row['integrity_check']}."
    objects = {row["name"]: row["sql"] for row in select("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")}
    for name, sql in declarations().items():
        if objects.pop(name, None) != sql:
            yield f"the table {name} is not that of schema {SCHEMA_VERSION}: {_other_columns(select, name)}."
            return  # nothing else can be looked for
    for name in objects:
        yield f"the file has {name}, which is no part of schema {SCHEMA_VERSION}."
    for row in select("SELECT * FROM machines"):
        if content_hash("machine", json.loads(row["info"])) != row["hash"]:
            yield f"the machine {row['hash']} was changed: its content has another hash."
    for kind, table in (("canary", "canaries"), ("suite", "suites")):
        for row in select(f"SELECT * FROM {table}"):  # noqa: S608  as above
            key = row.pop("hash")
            if content_hash(kind, row) != key:
                yield f"the {kind} {key} was changed: its content has another hash."
    yield from _broken_digests(select)


def _other_columns(select: Select, table: str) -> str:
    names = {row["name"] for row in select(f"PRAGMA table_info({table})")}
    other = sorted(names ^ tables()[table])
    return f"it differs in {', '.join(other)}" if other else "its columns are declared in another way"


def broken_run(run: StoredRun) -> Iterator[str]:
    """Yield a sentence if the rows of a run do not have its digest."""
    if run.row["digest"] != run.digest:
        yield f"the row {run.key} of runs was changed: its content does not have its digest."


def _broken_digests(select: Select) -> Iterator[str]:
    for table, column in SEALED.items():
        for row in select(f"SELECT * FROM {table} ORDER BY {column}") if table != "runs" else []:  # noqa: S608
            if row["digest"] != digest_of({table: [row]}):
                yield f"the row {row[column]} of {table} was changed: its content does not have its digest."
    for table in ("batches", "samples"):
        query = f"SELECT DISTINCT run FROM {table} WHERE run NOT IN (SELECT key FROM runs) ORDER BY run"  # noqa: S608
        for row in select(query):
            yield f"{table} belong to the run {row['run']}, which is not there."
