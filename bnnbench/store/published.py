"""A published store: a Parquet file per table, small enough for a repository, from which everything can be recomputed.

The tables are those of the schema, cell by cell. Read back, they are a store in memory, so that every verb that reads a
folder of results reads a published one.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from bnnbench.errors import StoreError, restated
from bnnbench.store.file import FILE, PUBLISHED, is_there
from bnnbench.store.schema import SCHEMA, column_types

if TYPE_CHECKING:
    from bnnbench.store.store import Store

TABLES = "store"
"""Folder of the tables, in a folder of results."""
_TYPES = {"TEXT": pa.string(), "INTEGER": pa.int64(), "REAL": pa.float64(), "BLOB": pa.binary()}
PAGE_BYTES = 2**26
"""Of a column, which are compressed together."""
MAX_BYTES = 2_000_000_000
"""Of a table in memory."""


def published_files(store: Store) -> dict[str, bytes]:
    """Return the tables of a store as Parquet files, by their paths below its folder.

    Raises
    ------
    StoreError
        If a cell has another type than its column.
    """
    files = {}
    for table, columns in _columns().items():
        rows = store.rows(table)
        wrong = f"{store.folder}: the table {table} has a cell of a wrong type ("
        with restated(StoreError, wrong, ").", pa.ArrowException, OverflowError):
            content = pa.table(
                {name: pa.array([row[name] for row in rows], kind) for name, kind in columns.items()},
                schema=pa.schema(list(columns.items())),
            )
        stream = io.BytesIO()
        write_compact(content, stream)
        files[f"{TABLES}/{table}.parquet"] = stream.getvalue()
    return files


def write_compact(content: pa.Table, stream: io.BytesIO) -> None:
    """Write a table as Parquet, as small as zstd makes it: only short texts repeat so often that a dictionary pays."""
    texts = [field.name for field in content.schema if field.type == pa.string() and not field.name.endswith("_levels")]
    pq.write_table(
        content,
        stream,
        compression="zstd",
        compression_level=19,
        use_dictionary=texts,
        data_page_size=PAGE_BYTES,
    )


def has_published(folder: Path) -> bool:
    """Tell whether a folder holds a published store."""
    return (folder / TABLES).is_dir()


def is_published(folder: Path) -> bool:
    """Tell whether a folder holds published results, and no store that could be written to."""
    return not is_there(folder / FILE) and (has_published(folder) or is_there(folder / PUBLISHED))


def unpublished(folder: Path) -> Path:
    """Return the folder, or the one beside it with ``-new`` in its name where it holds published results."""
    return folder.with_name(f"{folder.name}-new") if is_published(folder) else folder


def open_published(folder: Path) -> sqlite3.Connection:
    """Return a published store as a database in memory.

    Raises
    ------
    StoreError
        If a table is missing, cannot be read, or is not as the schema has it.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)))
        connection.row_factory = sqlite3.Row
        connection.executescript(SCHEMA)
        for table, columns in _columns().items():
            rows = _read(folder / TABLES / f"{table}.parquet", columns)
            marks = ", ".join("?" * len(columns))
            contradict = f"{folder / TABLES}: the rows of {table} contradict each other ("
            with restated(StoreError, contradict, "); ask where it came from.", sqlite3.Error):
                connection.execute("BEGIN")
                connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
                connection.execute("COMMIT")
        connection.execute("PRAGMA query_only = ON")
        stack.pop_all()
    return connection


def _read(path: Path, columns: dict[str, pa.DataType]) -> list[tuple[Any, ...]]:
    advice = "); publish it again with bnnbench submit."
    with restated(StoreError, f"{path} cannot be read (", advice, pa.ArrowException, OSError):
        file = pq.ParquetFile(path)
        size = sum(file.metadata.row_group(k).total_byte_size for k in range(file.metadata.num_row_groups))
        if size > MAX_BYTES:
            raise StoreError(
                f"{path} takes {size / 1e9:.1f} GB in memory, more than the {MAX_BYTES / 1e9:g} GB allowed."
            )
        content = file.read()
    expected = pa.schema(list(columns.items()))
    if content.schema.remove_metadata() != expected:
        raise StoreError(
            f"{path} has other columns than a table of this version; publish it again with bnnbench submit."
        )
    return list(zip(*(content[name].to_pylist() for name in columns), strict=True))


def _columns() -> dict[str, dict[str, pa.DataType]]:
    """Return the columns of each table and their types, in the order of the schema."""
    return {table: {name: _TYPES[kind] for name, kind in types.items()} for table, types in column_types().items()}
