"""The verb that lists what there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.plugins.entries import Kind, entries
from bnnbench.plugins.parameters import description, parameters_of
from bnnbench.suite.file import read_suite, suite_paths
from bnnbench.suite.problem_set import find_set, set_paths
from bnnbench.suite.set_cells import cell_table

KINDS: dict[str, Kind] = {
    "problems": "problem",
    "formulations": "formulation",
    "solvers": "solver",
    "figures": "figure",
}
"""What plugins are called in the plural."""


def list(  # noqa: A001
    what: Annotated[Literal["suites", "sets", "problems", "solvers", "formulations", "figures"], typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="One of them, or its file: its parameters, or its cells.")] = None,
) -> None:
    """List what there is, a line each; or the parameters of one thing, with their defaults."""
    if name is not None and what == "sets":
        _show_cells(name)
        return
    if name is not None:
        _show_parameters(what, name)
        return
    table = Table("name", "what it is", *(["needs"] if what == "solvers" else []), box=None, header_style="bold")
    for row in _listing(what):
        table.add_row(*row)
    open_screen().print(table)


def _show_parameters(what: str, name: str) -> None:
    if what not in KINDS or what == "figures":
        raise InputError(f"{what} have no parameters to list; bnnbench list {what} has a line on each.")
    kind = KINDS[what]
    screen = open_screen()
    screen.say(description(kind, name))
    parameters = parameters_of(kind, name)
    is_searched = any(parameter.searched for parameter in parameters)
    headings = ("parameter", "default", *(["tuned over"] if is_searched else []), "what it is")
    table = Table(*headings, box=None, header_style="bold")
    for parameter in parameters:
        default = "must be given" if parameter.default is None else parameter.default
        searched = [parameter.searched] if is_searched else []
        table.add_row(*(Text(part) for part in (parameter.name, default, *searched, parameter.meaning)))
    if table.rows:
        screen.print()
        screen.print(table)


def _show_cells(name: str) -> None:
    """Print a set: its title, its splits, and a line per cell."""
    found = find_set(name)
    screen = open_screen()
    screen.say(found.title)
    screen.say("; ".join(f"{split}: seeds {first} to {last}" for split, (first, last) in found.splits.items()))
    screen.print()
    cells = cell_table(found)
    table = Table(*cells.columns, box=None, header_style="bold")
    for row in cells.itertuples(index=False):
        table.add_row(*map(str, row))
    screen.print(table)


def _listing(what: str) -> Iterator[tuple[str, ...]]:
    if what == "suites":
        yield from ((name, read_suite(path).title) for name, path in suite_paths().items())
    elif what == "sets":
        yield from ((name, find_set(name).title) for name in set_paths())
    else:
        for entry in entries(KINDS[what]).values():
            needs = (", ".join(entry.needs),) if what == "solvers" else ()
            yield (entry.name, entry.summary, *needs)
