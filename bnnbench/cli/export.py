"""The verb that writes results for papers and for other programs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bnnbench.cli._options import Names, Results, listed
from bnnbench.cli._screen import open_screen
from bnnbench.cli._streams import silenced
from bnnbench.errors import InputError, as_word
from bnnbench.store.output import write_folder, write_output
from bnnbench.store.parquet import RunSource, name_of, open_results, to_parquet
from bnnbench.tables import View, make_table, stamped
from bnnbench.tables.programs import FOLDERS, TRACES, with_traces
from bnnbench.tables.terminal import to_csv


def export(
    results: Results,
    *,
    to: Annotated[
        Literal["csv", "parquet", "markdown", "latex", "html"], typer.Option(help="Format of the table.")
    ] = "csv",
    table: Annotated[
        Literal[
            "runs",
            "summary",
            "problems",
            "formulations",
            "embedding",
            "decision",
            "best",
            "scaling",
            "environment",
            "qoblib",
            "iohanalyzer",
            "stochastic-benchmark",
        ]
        | None,
        typer.Option(help="What it is about; default: runs for csv and parquet, else summary."),
    ] = None,
    macros: Annotated[
        bool, typer.Option("--macros", help="With latex: a command for each number instead of a table.")
    ] = False,
    width: Annotated[
        Literal["article", "column", "page"],
        typer.Option(help="Of LaTeX: the line of an article, one column of two, or both of a page (table*)."),
    ] = "article",
    columns: Annotated[
        str | None, typer.Option(help="Columns of the table, by heading or name, in this order: ERT,mean read")
    ] = None,
    solver: Annotated[Names, typer.Option(help="Only this solver, as the table calls it; repeatable.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write, or folder for qoblib; default: standard output."),
    ] = None,
) -> None:
    """Export results for a paper: all runs, or a table with intervals, caption and stamp."""
    output = None if output == Path("-") else output  # as other programs call standard output
    kind = table or ("runs" if to in ("csv", "parquet") else "summary")
    is_data = kind in ("runs", *TRACES)
    if kind in FOLDERS:
        if output is None:
            raise InputError(f"--table {kind} is a folder of files; name it with -o FOLDER.")
        with open_results(results) as found:
            files = FOLDERS[kind](with_traces(found))
        write_folder(output, files)
        _say_written(output, f"{len(files):,} files of {kind}")
        return
    if is_data and to not in ("csv", "parquet"):
        raise InputError(f"--table {kind} is data with many columns; export it --to csv or parquet, not {to}.")
    if macros and to != "latex":
        raise InputError(f"--macros are commands of LaTeX; give --to latex, not {to}.")
    view = View(listed(columns), tuple(solver or ()), width)
    if is_data and view != View():
        raise InputError(f"--width, --columns and --solver are for tables, and --table {kind} is data; leave them out.")
    if width != "article" and (to != "latex" or macros):
        raise InputError(
            f"--width {width} is that of a table in LaTeX; give --to latex without --macros, or leave it out."
        )
    with open_results(results) as found:
        if is_data:
            content = _data(found, kind, to)
        else:
            # From the file's folder, so that both can be moved, and no path tells who exported them.
            where = os.path.relpath(results, output.parent if output else Path())
            made = make_table(found, kind, name_of(results), view)
            content = stamped(made, "macros" if macros else to, Path(where).as_posix())
    if output is None:
        with silenced(sys.stdout, BrokenPipeError):
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        return
    write_output(output, content)
    _say_written(output, f"{kind}, {'macros' if macros else to}")


def _say_written(output: Path, what: str) -> None:
    """Say what was written, on standard error, as output can go to ``/dev/stdout``."""
    open_screen(stderr=True).say(f"written to {output}: {what}")


def _data(results: RunSource, kind: str, to: str) -> bytes:
    """Return every column of every run, or the reads or the traces for another program."""
    runs, machines = results.runs(), results.machines()
    if runs.empty:
        raise InputError(f"{results.folder} holds no runs yet; run: bnnbench run SUITE --out {as_word(results.folder)}")
    runs = TRACES[kind](with_traces(results)) if kind in TRACES else runs
    if to == "parquet":
        return to_parquet(runs, machines)
    stream = io.StringIO()
    to_csv(runs, stream)
    return stream.getvalue().encode(errors="replace")
