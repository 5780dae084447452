"""The verb for authors of solvers and formulations."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from bnnbench.cli._screen import open_screen, progress_bars
from bnnbench.cli._streams import is_debugging
from bnnbench.errors import CheckError, UnavailableError
from bnnbench.plugins.classes import kind_of
from bnnbench.plugins.isolated_checks import check_apart
from bnnbench.plugins.registry import formulation, load_solver
from bnnbench.solver.contract import Budget
from bnnbench.spec import parse_spec
from bnnbench.suite.solver import configuration


def check(
    plugin: Annotated[str, typer.Argument(help='A solver or a formulation, such as "soft", or a .py file.')],
    *,
    seconds: Annotated[float, typer.Option(help="Time limit of each check, in seconds.", min=1)] = 120,
) -> None:
    """Check a solver, or a formulation, against what the harness relies on and what it says of itself."""
    if kind_of(parse_spec(plugin).name) == "formulation":
        formulation(plugin)
        reason = None
    else:
        configuration(parse_spec(plugin), Budget(reads=1))  # refuses what a run refuses before it begins
        reason = load_solver(plugin).unavailable()
    if reason:
        raise UnavailableError(f"{plugin} cannot be checked on this machine: {reason}")
    table = Table("check", "verdict", "seconds", "what is wrong, or why it does not apply", title=plugin)
    failed, stacks, said = [], [], dict[str, str]()
    with progress_bars(open_screen(stderr=True)) as bar:
        task = bar.add_task("checking", total=None)
        for done, (total, result) in enumerate(check_apart(plugin, limit_s=seconds), start=1):
            bar.update(task, completed=done, total=total)
            first = said.setdefault(result.sentence, result.check) if result.sentence else result.check
            sentence = result.sentence if first == result.check else f"the same as: {first}"
            table.add_row(result.check, result.verdict, f"{result.seconds:.2f}", sentence)
            failed += [result.check] if result.verdict == "failed" else []
            stacks += [f"{result.check}:\n{result.stack}"] if result.stack else []
    open_screen().print(table)
    for stack in stacks if is_debugging() else []:
        open_screen().say(stack)
    if failed:
        raise CheckError(f"{plugin} fails {len(failed)} of {table.row_count} checks: {', '.join(failed)}.")
