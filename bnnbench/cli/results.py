"""Verbs that read a folder of results."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bnnbench.cli.screen import count_runs, open_console, progress_bars
from bnnbench.errors import CheckError, InputError

if TYPE_CHECKING:
    from bnnbench.store.parquet import RunSource

Results = Annotated[Path, typer.Argument(help="Folder of results, such as results/smoke.")]


def show(
    results: Results,
    *,
    by: Annotated[
        Literal["solver", "problem", "loss"],
        typer.Option(help="A row per solver, per problem and solver, or per loss and solver."),
    ] = "solver",
) -> None:
    """Print the table of results."""
    from bnnbench.metrics import summarize
    from bnnbench.store.parquet import name_of, open_results
    from bnnbench.tables.terminal import flag_lines, print_table

    with open_results(results) as found:
        runs = found.runs()
    console = open_console()
    if runs.empty:
        console.print(f"{results} holds no runs yet; run: bnnbench run SUITE --out {results}")
        return
    first = {"solver": (), "problem": ("problem",), "loss": ("loss_name",)}[by]
    name = name_of(results)
    print_table(
        summarize(runs, by=(*first, "formulation", "solver")), console, title=f"{name}: {count_runs(len(runs))}"
    )
    for line in flag_lines(runs):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def verify(
    results: Results,
    *,
    check_seconds: Annotated[
        float, typer.Option(help="How long CP-SAT may try to refute each optimum, in seconds; 0: not at all.", min=0)
    ] = 0,
) -> None:
    """Recompute every figure of the results from their samples, and say what does not hold."""
    from bnnbench.store.store import read_store
    from bnnbench.store.verify import verify as find

    findings: Counter[str] = Counter()
    console, bar = open_console(), progress_bars(open_console(stderr=True))
    with read_store(results) as store, bar:
        task = bar.add_task("verifying", total=None)
        done = 0

        def report(number: int, total: int) -> None:
            nonlocal done
            done = number
            bar.update(task, completed=number, total=total)

        for finding in find(store, check_seconds=check_seconds, progress=report):
            findings[finding.kind] += 1
            console.print(f"{finding.kind}: {finding.sentence}", highlight=False, soft_wrap=True)
    if findings:
        raise CheckError(f"{results}: {findings.total()} findings in {count_runs(done)}; see above.")
    console.print(f"{results}: {count_runs(done)} recomputed, and all holds.", highlight=False)


def export(
    results: Results,
    *,
    to: Annotated[
        Literal["csv", "parquet", "markdown", "latex", "html"], typer.Option(help="Format of the table.")
    ] = "csv",
    table: Annotated[
        Literal["runs", "summary", "problems", "formulations", "embedding", "environment", "qoblib"] | None,
        typer.Option(help="What it is about; default: runs for csv and parquet, else summary."),
    ] = None,
    macros: Annotated[
        bool, typer.Option("--macros", help="With latex: a command for each number instead of a table.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Export results for a paper: all runs, or a table with intervals, caption and stamp."""
    import os

    from bnnbench.store.parquet import name_of, open_results
    from bnnbench.tables import make_table, stamped

    kind = table or ("runs" if to in ("csv", "parquet") else "summary")
    is_data = kind in ("runs", "qoblib")
    if is_data and to not in ("csv", "parquet"):
        raise InputError(f"--table {kind} is data with many columns; export it --to csv or parquet, not {to}.")
    if macros and to != "latex":
        raise InputError(f"--macros are commands of LaTeX; give --to latex, not {to}.")
    with open_results(results) as found:
        if is_data:
            content = _data(found, kind, to)
        else:
            # From the file's folder, so that both can be moved, and no path tells who exported them.
            where = os.path.relpath(results, output.parent if output else Path())
            made = make_table(found, kind, name_of(results))
            content = stamped(made, "macros" if macros else to, Path(where).as_posix())
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}; give another path with -o.") from error


def _data(results: RunSource, kind: str, to: str) -> bytes:
    """Every column of every run, or a submission to QOBLIB."""
    import io

    from bnnbench.store.parquet import to_parquet
    from bnnbench.tables.qoblib import qoblib_submission
    from bnnbench.tables.terminal import to_csv

    runs, machines = results.runs(), results.machines()
    if runs.empty:
        raise InputError(f"{results.folder} holds no runs yet; run: bnnbench run SUITE --out {results.folder}")
    runs = qoblib_submission(runs, machines) if kind == "qoblib" else runs
    if to == "parquet":
        return to_parquet(runs, machines)
    stream = io.StringIO()
    to_csv(runs, stream)
    return stream.getvalue().encode(errors="replace")
