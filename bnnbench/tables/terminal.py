"""Tables: what a summary looks like in a terminal; see `bnnbench.tables` for a paper."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from bnnbench.errors import InputError
from bnnbench.metrics import disambiguated

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_HEADERS = {
    "solved": "solved [runs]",
    "proved": "proved [runs]",
    "energy_gap": "energy gap [loss]",
    "loss_gap": "loss gap [loss]",
    "mean_loss_gap": "mean read [loss]",
    "violations": "violated",
    "train_accuracy": "train acc. [%]",
    "test_accuracy": "test acc. [%]",
    "sample_s": "sample time [s]",
    "num_variables": "variables",
}
TEXTS = ("problem", "network", "loss_name", "formulation", "solver", "truth_kind", "remarks")
GROUPS = ("problem", "formulation")
_LEFT_OUT_FIRST = (
    "num_variables", "train_accuracy", "test_accuracy", "proved", "violations", "ok", "flagged", "energy_gap", "runs",
    "sample_s", "mean_loss_gap", "remarks",
)  # fmt: skip
"""Columns in the order in which a narrow table does without them."""
CENSORING = "Medians over runs; failed ones are infinitely bad in gaps and violations, not in accuracies and times."
EMPTY = "there are no runs yet; run: bnnbench run SUITE."
DASH = "–"
LEGEND = (
    f"Gaps are above the optimum, or above the best known loss where remarks say so. {DASH}: no value (energy gap: λ "
    "below its bound)."
)


@dataclass(frozen=True)
class Sheet:
    """A summary as text: what stands where, and which columns had no room."""

    headers: dict[str, str]
    cells: dict[str, list[str]]
    left_out: list[str]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells, row by row."""
        return list(zip(*self.cells.values(), strict=True))

    @property
    def note(self) -> str:
        """Names of the columns that were left out."""
        return ", ".join(_header(name).partition(" [")[0] for name in self.left_out)


def print_table(frame: pd.DataFrame, console: Console, title: str) -> None:
    """Print a summary; the least finite loss gap of each formulation is bold. Without rows, print a sentence.

    Columns that have no room are left out and named below, so that no number is broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if frame.empty:
        console.print(Text(f"{title}: {EMPTY}"))
        return
    sheet = make_sheet(frame, console.width, gap=2)
    # Text, not str: rich takes "[loss]" and "tabu[num_restarts=4]" for markup and drops what is in brackets.
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.show_edge, table.pad_edge, table.padding = False, False, (0, 1, 0, 0)
    table.caption = Text(f"{CENSORING} {LEGEND}")
    for name, header in sheet.headers.items():
        # Names are folded only where no column is left that could be left out.
        is_text = name in TEXTS
        table.add_column(Text(header), justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold")
    groups = [name for name in GROUPS if name in frame]
    group_of = list(frame[groups].itertuples(index=False))
    best = _least_gaps(frame, groups)
    for place, row in enumerate(sheet.rows):
        if place and group_of[place] != group_of[place - 1]:
            table.add_section()
        styles = {"loss_gap": "bold"} if best[place] else {}
        table.add_row(*[Text(cell, styles.get(name, "")) for name, cell in zip(sheet.cells, row, strict=True)])
    console.print(table)
    if sheet.left_out:
        console.print(Text(f"Columns left out: {sheet.note}; widen the terminal, or use bnnbench export."))


def flag_lines(runs: pd.DataFrame, most: int = 10) -> list[str]:
    """What which solver was flagged for in how many runs, a line each.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    most
        Lines, before a last one that counts the others.
    """
    flagged = disambiguated(runs)[lambda frame: frame["flag_texts"].fillna("") != ""]
    texts = flagged.assign(text=flagged["flag_texts"].str.split("; ")).explode("text")
    groups = texts.groupby(["solver", "text"])["status"]
    lines = [f"flagged: {solver} {text} ({_runs(len(group))})" for (solver, text), group in groups]
    rest = len(lines) - most
    return lines if rest <= 0 else [*lines[:most], f"flagged: {rest} more; see flag_texts in bnnbench export."]


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def make_sheet(frame: pd.DataFrame, width: float, gap: float) -> Sheet:
    """The columns that say something, fitted into a width: in one line, stacked, or without the dispensable ones."""
    silent = _silent(frame)
    cells = {name: _texts(name, frame[name].tolist()) for name in map(str, frame.columns) if name not in silent}
    headers = {name: _header(name) for name in cells}
    if _width(headers, cells, gap) <= width:
        return Sheet(headers, cells, [])
    headers = {name: header.replace(" ", "\n") for name, header in headers.items()}
    if _width(headers, cells, gap) > width:
        cells = {n: [text.replace(", ", ",\n") for text in t] if n in TEXTS else t for n, t in cells.items()}
    left_out = []
    for name in _LEFT_OUT_FIRST:
        if _width(headers, cells, gap) <= width:
            break
        if name in cells:
            left_out.append(name)
            del headers[name], cells[name]
    return Sheet(headers, cells, left_out)


def _header(name: str) -> str:
    return _HEADERS.get(name, name)


def _width(headers: Mapping[str, str], cells: Mapping[str, Sequence[str]], gap: float) -> float:
    """Characters that a table takes, with a gap between columns."""
    widths = [max(len(line) for text in (headers[n], *t) for line in text.split("\n")) for n, t in cells.items()]
    return sum(widths) + gap * (len(widths) - 1)


def _silent(frame: pd.DataFrame) -> list[str]:
    """Columns that say nothing here: all runs ended, nothing is flagged, no remarks, no held-out data."""
    silent = [name for name in ("flagged", "remarks") if name in frame and not frame[name].any()]
    silent += [name for name in ("train_accuracy", "test_accuracy") if name in frame and frame[name].isna().all()]
    return [*silent, "ok"] if {"ok", "runs"} <= set(frame) and (frame["ok"] == frame["runs"]).all() else silent


def _least_gaps(frame: pd.DataFrame, groups: list[str]) -> list[bool]:
    """For each row, whether its loss gap is finite and the least of its group."""
    import pandas as pd

    if "loss_gap" not in frame:
        return [False] * len(frame)
    gaps = pd.to_numeric(frame["loss_gap"])
    least = gaps.groupby([frame[name] for name in groups]).transform("min") if groups else gaps.min()
    return list((gaps == least) & (gaps < math.inf))


def to_csv(runs: pd.DataFrame, stream: IO[str]) -> None:
    """Write every column of every run, numbers with all their digits; see `bnnbench.store.columns`.

    Raises
    ------
    InputError
        If there are no runs.
    """
    if runs.empty:
        raise InputError(f"CSV: {EMPTY}")
    runs.to_csv(stream, index=False, lineterminator="\n")


def _texts(column: str, values: Sequence[Any]) -> list[str]:
    """Cells of a column, all with the same number of decimals."""
    if column.endswith("accuracy"):
        values = [value if _is_missing(value) else 100 * value for value in values]
    numbers = [v for v in values if isinstance(v, (int, float)) and math.isfinite(v)]
    decimals = {"train_accuracy": 1, "test_accuracy": 1, "sample_s": MAX_DECIMALS}.get(column, _decimals(numbers))
    return [_cell(value, decimals) for value in values]


MAX_DECIMALS = 3


def _decimals(numbers: Sequence[float]) -> int:
    """As few decimals as show all numbers to three; a small number needs them all."""
    if any(0 < abs(number) < 10.0**-MAX_DECIMALS for number in numbers):
        return MAX_DECIMALS
    fewer = (k for k in range(MAX_DECIMALS) if all(round(n, k) == round(n, MAX_DECIMALS) for n in numbers))
    return next(fewer, MAX_DECIMALS)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _cell(value: Any, decimals: int) -> str:
    if _is_missing(value):
        return DASH
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "∞"
    least = 10.0**-decimals
    return f"<{least:.{decimals}f}" if 0 < value < least / 2 else f"{value:.{decimals}f}"
