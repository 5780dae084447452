"""The verb that shows the records of a set, and adds those of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.store.output import write_output
from bnnbench.store.records import better_records, check_records, read_records, records_path, records_text
from bnnbench.store.store import read_store
from bnnbench.suite.problem_set import find_set
from bnnbench.tables.sheet import print_rows


def records(
    problem_set: Annotated[str, typer.Argument(help="Name or TOML file of the set.")] = "frontier",
    results: Annotated[Path | None, typer.Argument(help="Folder of results that may hold new records.")] = None,
    *,
    who: Annotated[str, typer.Option(help="Your name, for the records of the results.")] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", callback=not_a_dash, help="Write the table (CSV); default: none, it is only shown."
        ),
    ] = None,
) -> None:
    """Show the least losses known on a set of problems; with results that verify passes, also those that they break."""
    found = find_set(problem_set)
    problems = {problem.hash: problem for problem in (member.load() for member in found.members())}
    known = read_records(records_path(found.path))
    check_records(known, problems)
    screen = open_screen()
    if results is not None:
        if not who:
            raise InputError("a record needs a name; say who ran the results with --who.")
        with read_store(results) as store:
            better = better_records(store, known, problems, who)
        known |= better
        screen.say(f"{results}: {len(better)} new records")
    rows = []
    optima = {row.problem_hash: row.loss for row in found.truths.values()}
    for key, problem in problems.items():
        optimum = f"{optima[key]:g}" if key in optima else "–"
        if (one := known.get(key)) is None:
            rows.append((problem.name, "–", optimum, "", "", "", ""))
        else:
            rows.append((problem.name, f"{one.loss:g}", optimum, f"{one.time_s:g}", one.solver, one.who, one.at))
    headings = ("instance", "record [loss]", "optimum", "time [s]", "solver", "who", "date")
    print_rows(rows, headings, screen, numbers=headings[1:4])
    if output:
        write_output(output, records_text(known.values()).encode())
        screen.say(f"written to {output}")
