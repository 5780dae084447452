"""Seals: hashes of the rows of a store, by which a change since they were written is found.

Machines, canaries and suites are named by the hash of their content; problems, truths and runs carry a digest. That of
a run covers its row, its batches and its samples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from bnnbench.hashing import content_hash
from bnnbench.store.schema import SCHEMA_VERSION, SEALED, tables

Select = Callable[..., list[dict[str, Any]]]
"""Answers a query, given with its values, by rows as SQLite has them."""


def digest_of(select: Select, table: str, column: str, key: str) -> str:
    """Content hash of a row as SQLite gives it back; of a run, with its batches and samples."""
    rows = select(f"SELECT * FROM {table} WHERE {column} = ?", key)  # noqa: S608  names of the schema
    content: dict[str, Any] = {
        table: [{name: value for name, value in row.items() if name != "digest"} for row in rows]
    }
    if table == "runs":
        content["batches"] = select("SELECT * FROM batches WHERE run = ? ORDER BY number", key)
        content["samples"] = select("SELECT * FROM samples WHERE run = ? ORDER BY role", key)
    return hashlib.sha256(repr(content).encode(errors="surrogatepass")).hexdigest()


def broken_seals(select: Select) -> Iterator[str]:
    """What was changed since it was written, a sentence each: damaged pages, other tables, rows of another hash."""
    for row in select("PRAGMA integrity_check"):
        if row["integrity_check"] != "ok":
            yield f"SQLite finds the file damaged: {row['integrity_check']}."
    for table, expected in tables().items():
        names = {row["name"] for row in select(f"PRAGMA table_info({table})")}
        if other := names ^ expected:
            yield f"the table {table} is not that of schema {SCHEMA_VERSION}: it differs in {', '.join(sorted(other))}."
            return  # nothing else can be looked for
    for row in select("SELECT * FROM machines"):
        if content_hash("machine", json.loads(row["info"])) != row["hash"]:
            yield f"the machine {row['hash']} was changed: its content has another hash."
    for kind, table in (("canary", "canaries"), ("suite", "suites")):
        for row in select(f"SELECT * FROM {table}"):  # noqa: S608  as above
            key = row.pop("hash")
            if content_hash(kind, row) != key:
                yield f"the {kind} {key} was changed: its content has another hash."
    yield from _broken_digests(select)


def _broken_digests(select: Select) -> Iterator[str]:
    for table, column in SEALED.items():
        for row in select(f"SELECT * FROM {table} ORDER BY {column}"):  # noqa: S608  as above
            if row.get("digest") not in (None, digest_of(select, table, column, row[column])):
                yield f"the row {row[column]} of {table} was changed: its content does not have its digest."
    for table in ("batches", "samples"):
        query = f"SELECT DISTINCT run FROM {table} WHERE run NOT IN (SELECT key FROM runs) ORDER BY run"  # noqa: S608
        for row in select(query):
            yield f"{table} belong to the run {row['run']}, which is not there."
