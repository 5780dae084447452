"""Tables in a terminal: the summary, the best values of a parameter, flags, and all columns as CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO, Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.metrics import SUMMARY, disambiguated
from bnnbench.metrics.labels import printable
from bnnbench.metrics.optimal import VIRTUAL_BEST
from bnnbench.metrics.running_time import ERTS
from bnnbench.tables.best import INTERVALS, VIRTUAL
from bnnbench.tables.rounding import DASH
from bnnbench.tables.rounding import texts as texts_of
from bnnbench.tables.sheet import Field, print_sheet

COLUMNS = {column.name: column for column in SUMMARY if column.name != "solved_share"}
"""Columns of a summary as terminals show them: solved runs by number, for they are few."""
GROUPS = ("problem", "formulation")
CENSORING = "Medians over runs; failed ones are infinitely bad in gaps and violations, not in accuracies and times."
EMPTY = "there are no runs yet; run: bnnbench run SUITE."
LEGEND = (
    "ERT: expected sampling time to the optimum with restarts, the median over problems, and its 95 % interval; +1 %: "
    "to a loss of 1 % of the samples above it. "
    f"Gaps are above the optimum, or above the best known loss where remarks say so. {DASH}: no value (energy gap: "
    "the formulation is not known to be sound)."
)
MAX_DECIMALS = 3
ARROWS = {"least": " ↓", "greatest": " ↑", "": ""}
"""Marks of ends of a range."""


def print_table(frame: pd.DataFrame, console: Console, title: str, columns: Sequence[str] = ()) -> None:
    """Print a summary; the least finite loss gap of each formulation is bold. Without rows, print a sentence.

    Parameters
    ----------
    columns
        Names or headings of those to print beside the names of the rows; empty: all that say something.
    """
    if frame.empty:
        console.print(Text(f"{title}: {EMPTY}"))
        return
    groups = [name for name in GROUPS if name in frame]
    print_sheet(
        _chosen(summary_fields(frame), columns),
        console,
        title=title,
        caption=f"{CENSORING} {LEGEND}",
        sections=list(frame[groups].itertuples(index=False)),
        bold=[["loss_gap"] if is_best else [] for is_best in _least_gaps(frame, groups)],
    )


def _chosen(fields: Mapping[str, Field], columns: Sequence[str]) -> Mapping[str, Field]:
    """Return what names the rows, and the given columns, which no width leaves out; without any, all."""
    if not columns:
        return fields
    found = {text: name for name, field in fields.items() for text in (field.header.partition(" [")[0], name)}
    for column in columns:
        if column not in found:
            raise UnknownNameError("column", column, list(found))
    chosen: dict[str, Field] = {name: field for name, field in fields.items() if name not in COLUMNS and field.is_text}
    for name in (found[column] for column in columns):
        chosen[name] = replace(fields[name], rank=None)
        if (interval := f"{name}_interval") in fields:
            chosen[interval] = fields[interval]
    return chosen


def print_optimal(frame: pd.DataFrame, parameters: Sequence[str], console: Console) -> None:
    """Print the best values of parameters, see `bnnbench.metrics.optimal.best_settings`."""
    rows = zip(frame["solver"], frame["ert_s_setting"], frame["ert_s_end"], strict=True)
    best = [_shortened(text) if solver == VIRTUAL_BEST else _with_arrows(text, end) for solver, text, end in rows]
    shown = frame.assign(group=frame["group"].mask(frame["group"].duplicated(), ""), best=best)
    names = {"group": "problems", "formulation": "formulation", "solver": "solver", "best": "best"}
    fields = {name: Field(header, shown[name].tolist(), is_text=True) for name, header in names.items()}
    fields |= _running_time(frame)
    print_sheet(
        fields,
        console,
        caption=f"ERT: expected sampling time to the optimum with restarts, the median over problems, at the "
        f"{' and the '.join(parameters)} where it is least. ↓, ↑: the least, the greatest value that was run; the best "
        f"may lie beyond. "
        f"{VIRTUAL} {INTERVALS}",
        sections=frame["group"].tolist(),
    )


def _with_arrows(setting: str, end: str) -> str:
    """Mark the numbers of a setting that are ends of what was run; see `bnnbench.metrics.settings.at_end`."""
    ends = dict(part.rpartition(": ")[::2] for part in end.split(", "))
    values = setting.split(", ")
    return ", ".join(f"{value}{ARROWS[ends.get(value.partition('=')[0], ends.get('', ''))]}" for value in values)


def _shortened(names: str) -> str:
    """Name the solver that is best on most problems, and count the others."""
    first, *others = re.split(r"(?<=\)), ", names)
    return f"{first} and {len(others)} more" if others else first


def summary_fields(frame: pd.DataFrame) -> dict[str, Field]:
    """Return the columns of a summary that say something, as text."""
    ends = {f"{name}_{end}" for name in map(str, frame.columns) for end in ("low", "high")}
    fields: dict[str, Field] = {}
    for name in map(str, frame.columns):
        if name == "solved_share" or name in ends or (name in COLUMNS and _is_silent(frame, name)):
            continue
        has_interval = name in ERTS and f"{name}_low" in frame
        fields |= _running_time(frame, name) if has_interval else {name: _field(name, frame[name].tolist())}
    return fields


def _running_time(frame: pd.DataFrame, name: str = "ert_s") -> dict[str, Field]:
    """Return an ERT; and of that to the optimum its interval, as a column that a narrow table does without."""
    rows = frame[ERTS[name].names].astype(float).itertuples(index=False, name=None)
    cells = [texts_of(value, low, high, "log") for value, low, high in rows]
    fields = {name: Field(COLUMNS[name].title, [text for text, _ in cells], rank=COLUMNS[name].drop_rank)}
    if name == "ert_s" and any(interval for _, interval in cells):
        fields["ert_s_interval"] = Field("95 %", [interval for _, interval in cells], rank=45)
    return fields


def _field(name: str, values: list[Any]) -> Field:
    column = COLUMNS.get(name)
    if column is None:  # what the rows are grouped by
        texts = all(isinstance(value, str) for value in values)
        return Field(name, _texts(values, _decimals(values)), is_text=texts)
    if column.kind == "text":
        return Field(column.title, [str(value) for value in values], is_text=True, rank=column.drop_rank)
    if column.is_share:
        values = [100 * value for value in values]
    decimals = 1 if column.is_share else MAX_DECIMALS if column.unit == "s" else _decimals(values)
    title = "ok" if name == "ok" else f"{column.title} [runs]" if column.statistic == "count" else column.title
    return Field(title, _texts(values, decimals), rank=column.drop_rank)


def _is_silent(frame: pd.DataFrame, name: str) -> bool:
    """Tell whether a column says nothing: all runs ended, nothing is flagged, no remarks, no value in any row."""
    if name == "ok":
        return "runs" in frame and bool((frame["ok"] == frame["runs"]).all())
    if name in ("flagged", "remarks", "works_on"):
        return not frame[name].any()
    column = COLUMNS[name]
    is_optional = column.statistic is not None and column.needs is None and name != "mean_loss_gap"
    is_optional |= name in ERTS and name != "ert_s"
    return is_optional and bool(frame[name].isna().all())


def _least_gaps(frame: pd.DataFrame, groups: list[str]) -> list[bool]:
    """Tell of each row whether its loss gap is finite and the least of its group."""
    if "loss_gap" not in frame:
        return [False] * len(frame)
    gaps = pd.to_numeric(frame["loss_gap"])
    least = gaps.groupby([frame[name] for name in groups]).transform("min") if groups else gaps.min()
    return list((gaps == least) & (gaps < math.inf))


def flag_lines(runs: pd.DataFrame, most: int = 10) -> list[str]:
    """Return one line per flag: solver, flag, number of runs.

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


def to_csv(runs: pd.DataFrame, stream: IO[str]) -> None:
    """Write every column of every run, numbers with all their digits; see `bnnbench.store.columns`.

    Raises
    ------
    InputError
        If there are no runs.
    """
    if runs.empty:
        raise InputError(f"CSV: {EMPTY}")
    printable(runs).to_csv(stream, index=False, lineterminator="\n")


def _decimals(values: Sequence[Any]) -> int:
    """Return as few decimals as show all numbers to three; a small number needs them all."""
    numbers = [value for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    if any(0 < abs(number) < 10.0**-MAX_DECIMALS for number in numbers):
        return MAX_DECIMALS
    fewer = (k for k in range(MAX_DECIMALS) if all(round(n, k) == round(n, MAX_DECIMALS) for n in numbers))
    return next(fewer, MAX_DECIMALS)


def _texts(values: Sequence[Any], decimals: int) -> list[str]:
    """Return cells of a column, all with the same number of decimals."""
    return [_cell(value, decimals) for value in values]


def _cell(value: Any, decimals: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "∞"
    least = 10.0**-decimals
    return f"<{least:.{decimals}f}" if 0 < value < least / 2 else f"{value:.{decimals}f}"
