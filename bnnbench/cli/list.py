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

KINDS: dict[str, Kind] = {
    "problems": "problem",
    "formulations": "formulation",
    "solvers": "solver",
    "figures": "figure",
}
"""What plugins are called in the plural."""


def list(  # noqa: A001
    what: Annotated[Literal["suites", "problems", "solvers", "formulations", "figures"], typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="One of them, or a .py file: its parameters.")] = None,
) -> None:
    """List what there is, a line each; or the parameters of one thing, with their defaults."""
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


def _listing(what: str) -> Iterator[tuple[str, ...]]:
    if what == "suites":
        yield from ((name, read_suite(path).title) for name, path in suite_paths().items())
    else:
        for entry in entries(KINDS[what]).values():
            needs = (", ".join(entry.needs),) if what == "solvers" else ()
            yield (entry.name, entry.summary, *needs)
