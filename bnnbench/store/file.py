"""The file of a store: opened, locked and told apart from files that are none.

SQLite in WAL mode with full synchronization. A file that is not a store, or of a newer schema, is never written to.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bnnbench.errors import StoreError, as_word, system_errors
from bnnbench.store.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION, UNRELEASED_ID

FILE, LOCK = "runs.sqlite", "runs.lock"
PUBLISHED = "runs.parquet"
"""What `bnnbench.store.parquet` reads of a folder without a store."""
TIMEOUT_S = 30.0
"""How long to wait for another program that holds the file, such as a backup."""


class Home:
    """Know whether the file that is written is still in its folder, under whatever name that has by now."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY)
        self._path = folder / FILE
        self._number = self._path.stat().st_ino

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._folder)

    @property
    def is_renamed(self) -> bool:
        """Return whether the folder has another name than it had."""
        with contextlib.suppress(OSError):
            return self._path.stat().st_ino != self._number
        return True

    def check(self) -> None:
        """Raise `StoreError` if the file was removed or replaced: what is written then is lost with its last user."""
        with contextlib.suppress(OSError):
            if os.stat(FILE, dir_fd=self._folder).st_ino == self._number:
                return
        raise StoreError(
            f"{self._path} was removed or replaced while runs went on, and their rows went with it; nothing more is "
            "run; restore a copy, or start again in another folder with --out."
        )


def open_to_write(folder: Path) -> tuple[sqlite3.Connection, IO[str]]:
    """Open the file of a folder, which is made if it is not there, and its lock, which holds until it is closed.

    Raises
    ------
    StoreError
        If the folder cannot be made or written, if another process writes to it, or if its file is not a store of
        this schema.
    """
    path = folder / FILE
    with contextlib.ExitStack() as stack, store_errors(folder):
        lock = stack.enter_context(_lock(folder))
        is_new = not is_there(path) or _is_blank(path)
        connection = stack.enter_context(contextlib.closing(_connect(path, "rw" if is_there(path) else "rwc")))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `Store.transaction`
        if is_new:
            pragmas = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
            connection.executescript(f"BEGIN; {pragmas} {SCHEMA} COMMIT;")
        else:
            # Fails now if the file cannot be written, and changes nothing; BEGIN IMMEDIATE alone does not fail.
            connection.executescript(f"BEGIN IMMEDIATE; PRAGMA user_version = {SCHEMA_VERSION}; ROLLBACK;")
        stack.pop_all()
    return connection, lock


def _lock(folder: Path) -> IO[str]:
    """Hold the folder's lock file; the system lets go of it when the process ends, however it ends."""
    with (
        system_errors(StoreError, f"{folder} cannot be written", "give another folder with --out"),
        contextlib.ExitStack() as stack,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((folder / LOCK).open("a+", encoding="utf-8"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "of unknown number"
            raise StoreError(
                f"{folder} is being written by process {owner}; wait for it to end, or give another folder with --out."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        stack.pop_all()
    return lock


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Open the file of a folder to read it, also while another process writes to it.

    Raises
    ------
    StoreError
        If there is no store, or its file is not one of this schema.
    """
    path = folder / FILE
    if folder.is_file():
        raise StoreError(f"{folder} is a file; give the folder of results that it lies in, or a .parquet file of runs.")
    if not is_there(path) and is_there(folder / PUBLISHED):
        raise StoreError(
            f"{folder} holds no store: its {PUBLISHED} has runs without their samples and traces, which this needs; "
            "run the suite again with --out and another folder."
        )
    if not is_there(path):
        raise StoreError(
            f"{folder} holds no results ({FILE} is missing); run: bnnbench run SUITE --out {as_word(folder)}."
        )
    if _is_blank(path):
        raise StoreError(
            f"{folder} holds no results yet ({FILE} is empty); run: bnnbench run SUITE --out {as_word(folder)}."
        )
    with store_errors(folder):
        return _connect_to_read(path)


def is_there(path: Path) -> bool:
    """Return whether there is a file; `StoreError` if something else stands there, which could block who opens it."""
    mode = 0
    with (
        system_errors(StoreError, f"{path} cannot be read", "check the path and its permissions"),
        contextlib.suppress(FileNotFoundError),
    ):
        mode = path.stat().st_mode
    if not mode:
        return False
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is not a file; it was left as it is; give another folder.")
    return True


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{mode if '=' in mode else f'mode={mode}'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=TIMEOUT_S)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
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
    """Return whether a file has no tables yet, and change nothing; `StoreError` if it is no store of this schema."""
    try:
        with contextlib.closing(_connect_to_read(path)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            schema = connection.execute("PRAGMA user_version").fetchone()[0]
            objects = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid").fetchall()
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be read ({error}); check its permissions, and its folder's.") from error
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} is not a store of bnnbench ({error}); it was left as it is; give another folder."
        ) from error
    if application == schema == len(objects) == 0:
        return True  # a process that was killed before its first commit leaves this
    if application == UNRELEASED_ID:
        raise StoreError(
            f"{path} was written by a version of bnnbench before 1.0.0, which later versions do not read; it was "
            "left as it is; run the suite again with --out and another folder."
        )
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file of another program; it was left as it is; give another folder.")
    if schema != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema {schema}, but this version of bnnbench reads schema {SCHEMA_VERSION}; it was left as "
            "it is; use the version of bnnbench that wrote it."
        )
    for kind, name, sql in objects:
        if kind in ("trigger", "view") or "VIRTUAL" in str(sql).upper().partition("(")[0].split():
            raise StoreError(
                f"{path} has the {kind} {name}, which no store of bnnbench has; it was not read further and left as it "
                "is; ask where it came from."
            )
    return False


@contextlib.contextmanager
def store_errors(folder: Path) -> Iterator[None]:
    """Turn what SQLite raises into a sentence."""
    try:
        yield
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        advice = {
            "full": "free some space; all finished runs are kept, and the same command goes on",
            "readonly": "make the file and its folder writable, or give another folder with --out",
            "I/O": "check the disk, and `ulimit -f`; all finished runs are kept, and the same command goes on",
            "no such": "another version of bnnbench wrote it, or it is damaged; bnnbench verify says more",
            "locked": "another program holds the file; close it",
        }
        text = str(error)
        known = [sentence for word, sentence in advice.items() if word in text]
        raise StoreError(f"{folder / FILE}: {text}; {known[0] if known else 'check the disk and the file'}.") from error
