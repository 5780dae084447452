"""Print what a campaign would do, for ``bnnbench run --dry-run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from bnnbench.cli._screen import Screen, count_runs, open_screen
from bnnbench.errors import InputError
from bnnbench.metrics.labels import natural
from bnnbench.runs.cell import Cell
from bnnbench.store.file import FILE
from bnnbench.store.store import Retry, read_store
from bnnbench.suite.forecast import Forecast, forecast
from bnnbench.suite.planning import Plan

MOST_CELLS = 50
"""Cells that are listed one by one; of more, numbers are easier to read."""
MOST_REASONS = 10
"""Reasons of a kind, before a line that counts the others."""


def print_forecast(planned: Plan, folder: Path, *, jobs: int | None, retry: Collection[Retry]) -> None:
    """Print what would run, what is done, what can not run and why, and for how long; nothing is written.

    Parameters
    ----------
    jobs
        Runs at a time; None: of a cluster nobody knows.
    """
    rows: list[dict[str, Any]] = []
    finished: set[str] = set()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder; give another one with --out.")
    if (folder / FILE).exists():
        with read_store(folder) as store:
            rows, finished = store.rows("runs"), store.finished(retry)
    found = forecast(planned, rows, finished)
    screen = open_screen()
    if len(found.waiting) <= MOST_CELLS:
        for cell, _ in found.waiting:
            screen.say(f"to run: {cell}; {cell.solver.budget}")
    else:
        _print_numbers(screen, found)
    for what, pairs in (("unavailable", found.unavailable), ("refused", found.refused)):
        reasons = Counter(_reason(cell, why) for cell, why in pairs).most_common()
        _say_some(screen, [f"{what}: {text} ({count_runs(number)})" for text, number in reasons])
    _say_some(screen, [f"left out: {reason}" for reason in found.left_out])
    if not found.is_complete:
        screen.say("Not all solvers were asked about all instances, for want of time: more may be refused.")
    most = "up to " if planned.precision else ""
    num_cells = len(found.done) + len(found.unavailable) + len(found.refused) + len(found.waiting)
    screen.say(
        f"{count_runs(num_cells)}: {len(found.done)} done before, {len(found.unavailable)} unavailable, "
        f"{len(found.refused)} refused, {most}{len(found.waiting)} to run{_time(found, jobs)}. Nothing was run.",
    )


def _reason(cell: Cell, why: str) -> str:
    """Return the reason with the solver's name in front."""
    name, _, rest = why.partition(": ")
    return f"{cell.solver.label}: {rest if name == cell.solver.spec.name else why}"


def _print_numbers(screen: Screen, found: Forecast) -> None:
    """Print a row per solver and formulation; where names have no room, a line each, since no word is broken."""
    parts: dict[str, Sequence[Cell]] = {
        "to run": [cell for cell, _ in found.waiting],
        "done": found.done,
        "unavailable": [cell for cell, _ in found.unavailable],
        "refused": [cell for cell, _ in found.refused],
    }
    groups: dict[tuple[str, str, str], Counter[str]] = {}
    for what, cells in parts.items():
        for cell in cells:
            name = (_spaced(cell.formulation), _spaced(cell.solver.label), str(cell.solver.budget))
            groups.setdefault(name, Counter())[what] += 1
    ordered = sorted(groups.items(), key=lambda item: natural("\n".join(item[0])))
    shown = [what for what, cells in parts.items() if cells]
    headers = ("formulation", "solver", "budget")
    words = [max(len(word) for name in (headers, *groups) for word in name[k].split()) for k in range(len(headers))]
    if sum(words) + sum(max(len(what), 7) for what in shown) + 2 * (len(words) + len(shown)) > screen.width:
        for name, numbers in ordered:
            screen.say(f"{', '.join(name)}: {', '.join(f'{numbers[what]} {what}' for what in shown if numbers[what])}")
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for header, width in zip(headers, words, strict=True):
        table.add_column(header, min_width=width)
    for what in shown:
        table.add_column(what, justify="right", no_wrap=True)
    for name, numbers in ordered:
        table.add_row(*map(Text, name), *[str(numbers[what] or "–") for what in shown])
    screen.print(table)


def _spaced(name: object) -> str:
    """Return a name that can be folded between its parameters."""
    return str(name).replace(",", ", ")


def _time(found: Forecast, jobs: int | None) -> str:
    """Return half a sentence on the duration."""
    parts = []
    if found.num_unknown < len(found.waiting):
        total = timedelta(seconds=round(found.seconds / (jobs or 1)))
        where = "" if jobs else " divided by the cluster's runs at a time"
        parts.append(f"about {total}{where} (h:mm:ss; as runs before took, or else whole budgets)")
    if found.num_unknown:
        parts.append(f"{count_runs(found.num_unknown)} of a budget in reads, whose time nobody knows yet")
    return f", in {' and '.join(parts)}" if parts and found.waiting else ""


def _say_some(screen: Screen, lines: Sequence[str]) -> None:
    for line in lines[:MOST_REASONS]:
        screen.say(line)
    if len(lines) > MOST_REASONS:
        screen.say(f"{lines[0].partition(':')[0]}: {len(lines) - MOST_REASONS} more reasons of this kind.")
