"""Published runs: the rows of a store in one Parquet file, small enough for a repository, with their machines.

What a store has beyond them, samples and traces, is left out: numbers can be compared and tables made again, but not
recomputed from samples.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

from bnnbench.errors import InputError, restated
from bnnbench.hashing import canonical_json
from bnnbench.plugins.works_on import is_memoryless, works_on
from bnnbench.store.columns import RUN_COLUMNS
from bnnbench.store.file import PUBLISHED
from bnnbench.store.published import has_published, is_published

_MACHINES = "bnnbench-machines"


class RunSource(Protocol):
    """The source of a table: runs and the machines that they ran on."""

    folder: Path

    def runs(self) -> pd.DataFrame:
        """Return a row per run with its problem, instance and truth."""

    def machines(self) -> dict[str, Any]:
        """Return the machines that the runs name, by hash."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


@dataclass
class Published(RunSource):
    """Runs of a Parquet file."""

    folder: Path
    rows: pd.DataFrame
    known_machines: dict[str, Any]

    @override
    def __enter__(self) -> Self:
        return self

    @override
    def __exit__(self, *error: object) -> None:
        """Do nothing: there is nothing to close."""

    @override
    def runs(self) -> pd.DataFrame:
        return self.rows.copy()

    @override
    def machines(self) -> dict[str, Any]:
        return dict(self.known_machines)


def open_results(path: Path) -> RunSource:
    """Open the store of a folder; without one, what is published there; or a Parquet file of runs.

    Raises
    ------
    InputError
        If there is neither, or it cannot be read.
    """
    from bnnbench.store.store import read_store

    if path.suffix == ".parquet":
        return _read(path)
    has_rows_alone = path.is_dir() and is_published(path) and not has_published(path)
    return _read(path / PUBLISHED) if has_rows_alone else read_store(path)


def name_of(path: Path) -> str:
    """Return the name of results: their folder, or their file if its name says more than that it holds runs."""
    path = path.resolve()
    if path.name == PUBLISHED:
        return path.parent.name
    return path.stem if path.suffix == ".parquet" else path.name


def to_parquet(runs: pd.DataFrame, machines: Mapping[str, Any]) -> bytes:
    """Return runs as a Parquet file, with their machines in its metadata, from which `open_results` reads both."""
    return parquet_bytes(runs, {_MACHINES: canonical_json(machines)})


def parquet_bytes(frame: pd.DataFrame, metadata: Mapping[str, str]) -> bytes:
    """Return a frame as a Parquet file, see `uniform`, with more metadata than pandas gives it."""
    table = pa.Table.from_pandas(uniform(frame), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", compression_level=19)
    return stream.getvalue()


def uniform(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with one type per column: a column with a text, or with no numbers, becomes one of text."""
    uniform = frame.copy()
    for name in frame:
        values = frame[name]
        if not pd.api.types.is_object_dtype(values):
            continue
        is_text = any(isinstance(value, str) for value in values)
        try:
            uniform[name] = values.map(str, na_action="ignore") if is_text else pd.to_numeric(values)
        except (ValueError, TypeError):  # lists, for instance
            uniform[name] = values.map(str, na_action="ignore")
    return uniform


def _read(path: Path) -> Published:
    advice = "); make it with bnnbench export RESULTS --to parquet."
    caught = (pa.ArrowException, OSError, ValueError, KeyError)
    with restated(InputError, f"{path} holds no published runs (", advice, *caught):
        table = pq.read_table(path)
        machines = json.loads((table.schema.metadata or {})[_MACHINES.encode()])
        rows: pd.DataFrame = table.to_pandas()
    if missing := sorted({"key", "problem_hash", "solver", "status", "machine"} - set(rows)):
        raise InputError(f"{path} holds no published runs: it has no column {missing[0]!r}.")
    known = [column.shown_name for column in RUN_COLUMNS if "…" not in column.shown_name]
    rows = rows.reindex(columns=[*rows, *(name for name in known if name not in rows)])  # of an older version
    rows["works_on"] = rows["works_on"].astype(object).where(rows["works_on"].notna(), rows["solver"].map(works_on))
    drawn = rows["is_memoryless"]
    rows["is_memoryless"] = drawn.where(drawn.notna(), rows["solver"].map(is_memoryless)).astype(float)
    return Published(path.parent, rows, machines)
