"""The open file of a store: transactions, queries, and sentences for what goes wrong."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import IO, Any, Self

from bnnbench.errors import StoreError
from bnnbench.store.file import FILE, Home, store_errors

SETTLE_S = 0.2
"""Seconds between two times at which the log is brought into the file."""


class Database:
    """An SQLite file in a folder, with the lock of whoever writes it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.folder = folder
        self._db = connection
        self._lock = lock
        self.home = Home(folder) if lock else None
        """Of a file that is written."""
        self._depth = 0
        self._settled = -math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._db.close()
        if self._lock:
            self._lock.close()
        if self.home:
            self.home.close()
            self.home = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything that is written inside together, or not at all."""
        if self._depth:
            yield
            return
        self._depth = 1
        try:
            with store_errors(self.folder):
                with self._db:  # commits, or rolls back where SQLite has not done so itself, as when the disk is full
                    self._db.execute("BEGIN")
                    yield
                self._settle()
        finally:
            self._depth = 0

    def _settle(self) -> None:
        """Move what was committed from the log into the file itself, five times a second at most.

        A copy of the file alone then lacks what was written in the last moments only, even after a kill.
        """
        if self._lock is not None and monotonic() - self._settled >= SETTLE_S:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody who reads
            self._settled = monotonic()
            if self.home:
                self.home.check()

    @contextlib.contextmanager
    def _as_damage(self) -> Iterator[None]:
        """Turn what damaged cells raise when they are read into a sentence."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ArithmeticError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise StoreError(
                f"{self.folder / FILE} holds a cell that cannot be read ({reason}); the file is damaged, so restore it "
                "from a copy."
            ) from error

    def _select(self, query: str, *values: str) -> list[dict[str, Any]]:
        with store_errors(self.folder):
            return [dict(row) for row in self._db.execute(query, values)]

    def _stream(self, query: str, *values: str) -> Iterator[dict[str, Any]]:
        """Yield rows as they are read."""
        with store_errors(self.folder):
            yield from map(dict, self._db.execute(query, values))

    def _insert(self, conflict: str, table: str, row: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        values = [encodable(v) if isinstance(v, str) else v for v in row.values()]
        with store_errors(self.folder):
            self._db.execute(f"INSERT {conflict} INTO {table} ({', '.join(row)}) VALUES ({marks})", values)  # noqa: S608


def encodable(text: str) -> str:
    """Return a text that SQLite can hold: paths and command lines can hold bytes that are no text."""
    return text.encode(errors="replace").decode()
