"""Verbs that say what there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from bnnbench.cli.screen import open_console


def list_(
    what: Annotated[Literal["suites", "problems", "solvers", "formulations"], typer.Argument()],
    name: Annotated[str | None, typer.Argument(help="A solver or a problem family: its parameters.")] = None,
) -> None:
    """List what there is, with a line on each; of a solver or a problem family, its parameters and their defaults."""
    from rich.table import Table

    if name is not None:
        _show_parameters(what, name)
        return
    table = Table("name", "what it is", *(["needs"] if what == "solvers" else []), box=None, header_style="bold")
    for row in _listing(what):
        table.add_row(*row)
    open_console().print(table)


def _show_parameters(what: str, name: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from bnnbench.errors import InputError
    from bnnbench.plugins.parameters import description, parameters_of

    if what not in ("problems", "solvers"):
        raise InputError(f"{what} have no parameters to list; bnnbench list {what} has a line on each.")
    kind: Literal["problem", "solver"] = "problem" if what == "problems" else "solver"
    console = open_console()
    console.print(description(kind, name), highlight=False, markup=False)
    table = Table("parameter", "default", "what it is", box=None, header_style="bold")
    for parameter in parameters_of(kind, name):
        default = "must be given" if parameter.default is None else parameter.default
        table.add_row(*(Text(part) for part in (parameter.name, default, parameter.meaning)))
    if table.rows:
        console.print()
        console.print(table)


def _listing(what: str) -> Iterable[tuple[str, ...]]:
    if what == "suites":
        from bnnbench.suite.file import read_suite, suite_paths

        yield from ((name, read_suite(path).title) for name, path in suite_paths().items())
    elif what == "formulations":
        from bnnbench.qubo.formulation import FORMULATIONS

        for name, setting in FORMULATIONS.items():
            signs = "sign symmetry fixed" if setting.fix_signs else "all weights free"
            counter = "no" if setting.counter == "none" else setting.counter
            encoding = "the published encoding" if setting.published else f"{counter} counters, {signs}"
            penalty = setting.penalty
            lam = (
                f"λ = {penalty:g}"
                if isinstance(penalty, float)
                else "λ = {:g} hidden, {:g} output; not exact".format(*penalty)
            )
            yield name, f"{encoding}, {lam}"
    else:
        from bnnbench.plugins.registry import entries

        for entry in entries("problem" if what == "problems" else "solver").values():
            needs = (", ".join(entry.needs),) if what == "solvers" else ()
            yield (entry.name, entry.summary, *needs)


def info() -> None:
    """Say on what machine this runs, and what is installed."""
    from bnnbench.harness.machine import machine_info
    from bnnbench.plugins.registry import entries, load_solver

    console = open_console()
    for key, value in machine_info().items():
        console.print(f"{key:<20} {'unknown' if value is None else value}", highlight=False, markup=False)
    for name in entries("solver"):
        solver = load_solver(name)
        versions = ", ".join(f"{k} {v}" for k, v in solver.versions.items()) or "built in"
        console.print(f"{name:<20} {solver.unavailable() or versions}", highlight=False, markup=False, soft_wrap=True)
