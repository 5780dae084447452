"""Check a table: regenerate it from the store that its stamp names, and show what differs."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bnnbench.errors import InputError, restated, system_errors
from bnnbench.store.parquet import name_of, open_results, uniform
from bnnbench.tables.build import KINDS, make_table
from bnnbench.tables.formats import FORMATS, write_table
from bnnbench.tables.macros import to_macros
from bnnbench.tables.stamp import MARK, read_stamp
from bnnbench.tables.table import Table
from bnnbench.tables.view import View

_FLOAT = re.compile(r"\\(begin|end)\{table\*?\}(\[[!a-zA-Z]*\])?$")


def stamped(table: Table, form: str, results: str) -> bytes:
    """Return a table in a format (one of `FORMATS`, or ``macros``), stamped with what regenerates it."""
    where = {"table": table.kind, "format": form, "results": results, "name": table.name}
    table = replace(table, stamp={**table.stamp, **where})
    return to_macros(table).encode(errors="replace") if form == "macros" else write_table(table, form)


def check_table(path: Path, results: Path | None = None) -> Iterator[str]:
    """Yield the lines of a unified diff between a table and what the store gives now; none if it holds.

    Parameters
    ----------
    results
        The folder of results; None: as the stamp names it, from the table's folder or from the working directory.

    Raises
    ------
    InputError
        If the file cannot be read, has no stamp, or its store is not where the stamp says.
    """
    content = _read(path)
    is_parquet = content[:4] == b"PAR1"
    text = _metadata(content, path) if is_parquet else content.decode(errors="replace")
    stamp = read_stamp(text, str(path))
    if stamp["table"] not in KINDS or stamp["format"] not in {*FORMATS, "macros"} - {"csv"}:
        kind = f"{stamp['table']!r} as {stamp['format']!r}"
        raise InputError(f"{path}: its stamp names the table {kind}, which is none; export it again.")
    folder = _find(path, stamp, results)
    with open_results(folder) as found:
        table = make_table(found, stamp["table"], str(stamp.get("name", name_of(folder))), View.of(stamp))
    made = stamped(table, stamp["format"], stamp["results"])
    if is_parquet:
        yield from _frame_differences(content, made)
    else:
        yield from _text_differences(text, made.decode())
    for name in ("suite", "store"):
        if stamp.get(name) != table.stamp[name]:
            what = "other runs were asked" if name == "suite" else "the content of its runs is another"
            yield f"stamp: the {name} was {stamp.get(name)}, and is {table.stamp[name]}: {what}."


def _read(path: Path) -> bytes:
    with system_errors(InputError, f"{path} cannot be read", "give a table that was exported"):
        return path.read_bytes()


def _metadata(content: bytes, path: Path) -> str:
    with restated(InputError, f"{path} is no Parquet file: ", "; export it again.", pa.ArrowException, OSError):
        metadata = pq.read_schema(io.BytesIO(content)).metadata or {}
    return bytes(metadata.get(MARK.encode(), b"")).decode(errors="replace")


def _find(path: Path, stamp: dict[str, Any], results: Path | None) -> Path:
    if results is not None:
        return results
    candidates = [path.parent / stamp["results"], Path(stamp["results"])]
    found: Path | None = next((folder for folder in candidates if folder.exists()), None)
    if found is None:
        raise InputError(f"{path} is made of {stamp['results']}, which is not there; give the results with --results.")
    return found


def _text_differences(old: str, new: str) -> Iterator[str]:
    """Yield lines of a diff without those of the stamp, which names commits and versions that may change.

    ``table`` and ``table*`` are the same, and so is where they may float: both are the layout's of a paper, no numbers.
    """
    was, now = (
        [_FLOAT.sub(r"\\\1{table}", line) for line in text.splitlines() if MARK not in line] for text in (old, new)
    )
    yield from difflib.unified_diff(was, now, "the table", "the store", lineterm="", n=0)


def _frame_differences(old: bytes, new: bytes) -> Iterator[str]:
    frames = [pd.read_parquet(io.BytesIO(content)) for content in (old, new)]
    if list(frames[0]) != list(frames[1]) or len(frames[0]) != len(frames[1]):
        yield f"the table has {frames[0].shape} rows and columns, the store gives {frames[1].shape}, or other names."
        return
    was, now = (uniform(frame) for frame in frames)
    for name in was:
        differs = ~((was[name] == now[name]) | (was[name].isna() & now[name].isna()))
        for row, is_other in enumerate(differs):
            if is_other:
                yield f"row {row}, {name}: the table has {was[name].iloc[row]}, the store gives {now[name].iloc[row]}."
