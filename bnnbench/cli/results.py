"""Verbs that read a folder of results."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from bnnbench.cli.screen import count_runs, open_console, progress_bars
from bnnbench.errors import CheckError, InputError

Results = Annotated[Path, typer.Argument(help="Folder of results, such as results/smoke.")]


def show(
    results: Results,
    *,
    by: Annotated[
        Literal["solver", "problem"], typer.Option(help="A row per solver, or per problem and solver.")
    ] = "solver",
) -> None:
    """Print the table of results."""
    from bnnbench.metrics import summarize
    from bnnbench.store import read_store
    from bnnbench.tables import flag_lines, print_table

    with read_store(results) as store:
        runs = store.runs()
    console = open_console()
    if runs.empty:
        console.print(f"{results} holds no runs yet; run: bnnbench run SUITE --out {results}")
        return
    keys = ("formulation", "solver") if by == "solver" else ("problem", "formulation", "solver")
    name = results.resolve().name
    print_table(summarize(runs, by=keys), console, title=f"{name}: {count_runs(len(runs))}")
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
    from bnnbench.store import read_store
    from bnnbench.verification import verify as find

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
        Literal["csv", "latex"], typer.Option(help="All rows as CSV, or the summary as a LaTeX table.")
    ] = "csv",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; default: standard output.")
    ] = None,
) -> None:
    """Export results for a paper."""
    import io

    from bnnbench.latex import to_latex
    from bnnbench.metrics import summarize
    from bnnbench.store import read_store
    from bnnbench.tables import to_csv

    with read_store(results) as store:
        runs = store.runs()
    if runs.empty:
        raise InputError(f"{results} holds no runs yet; run: bnnbench run SUITE --out {results}")
    if to == "csv":
        stream = io.StringIO()
        to_csv(runs, stream)
        text = stream.getvalue()
    else:
        name = results.resolve().name
        text = to_latex(summarize(runs), caption=f"Results of the suite {name}.", label=name)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}; give another path with -o.") from error
