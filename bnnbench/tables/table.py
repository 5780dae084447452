"""A table as a value: numbers with their intervals, headers with units, and what a caption has to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from bnnbench.runs.column import Column as Measured
from bnnbench.tables.rounding import DASH, NO_LEAST, Scale, texts
from bnnbench.tables.view import View


@dataclass(frozen=True)
class Column:
    """A column as readers see it.

    Attributes
    ----------
    name
        In the data. Where the data have ``NAME_low`` and ``NAME_high``, they are its 95 % interval.
    header, unit
        What stands above it.
    kind
        ``text``; ``count``, a whole number for certain; ``linear`` or ``log``, see `bnnbench.tables.rounding.texts`.
    factor
        What the data are multiplied by: 100 for shares in percent.
    best
        Which value of a group is set in bold, if any.
    rank
        A narrow page first does without the columns of least rank; None: never without this one.
    note
        What a caption says of it, where it is printed.
    """

    name: str
    header: str
    unit: str = ""
    kind: Literal["text", "count", "linear", "log"] = "linear"
    factor: float = 1.0
    best: Literal["least", "greatest"] | None = None
    rank: int | None = None
    note: str = ""

    @classmethod
    def of(cls, column: Measured, **changes: Any) -> Column:
        """Return a column of results as tables show it."""
        kind = "linear"
        if column.kind in ("text", "json"):
            kind = "text"
        elif column.statistic == "count" or (column.kind == "integer" and column.statistic is None):
            kind = "count"
        elif column.unit == "s":
            kind = "log"
        unit = "%" if column.is_share else "runs" if column.statistic == "count" else column.unit
        unit = "" if unit == column.header else unit
        factor = 100.0 if column.is_share else 1.0
        values = {"header": column.header, "unit": unit, "kind": kind, "factor": factor, "rank": column.drop_rank}
        return cls(column.name, **{**values, **changes})

    @property
    def title(self) -> str:
        """Header and unit."""
        return f"{self.header} [{self.unit}]" if self.unit else self.header


@dataclass(frozen=True)
class Cell:
    """A cell as text, its interval as text where it has one, and whether it is among the best of its group."""

    text: str
    interval: str = ""
    is_best: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """A table of numbers, before it is written in a format.

    Attributes
    ----------
    kind
        What it is about, a name in `bnnbench.tables.KINDS`.
    name
        Of the results, such as ``smoke``.
    title
        The first sentence of its caption.
    caption
        Further sentences: how to read it, budget, clock, runs, machine.
    columns
        Those that are printed, from left to right.
    data
        Every number with all its digits, also those that no column shows.
    groups
        Columns of text that become headings, between which best values are not compared.
    stamp
        Where it comes from, see `bnnbench.tables.stamp`.
    view
        What was asked to be shown of it, and how wide.
    """

    kind: str
    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    data: pd.DataFrame
    groups: tuple[str, ...] = ()
    stamp: Mapping[str, Any] = field(default_factory=dict)
    view: View = field(default_factory=View)

    @cached_property
    def shown(self) -> tuple[Column, ...]:
        """Columns that tell rows apart: not those without any value or remark, nor those of one value in all rows."""
        constant = [column.name for column, _ in self._constants]
        return tuple(c for c in self.spoken if c.name not in constant)

    def full_caption(self, printed: Sequence[Column]) -> str:
        """Return title, what the printed columns are, caption, and what is the same in all rows and needs no column."""
        notes = "; ".join(f"{column.header}: {column.note}" for column in printed if column.note)
        notes = f"{notes[:1].upper()}{notes[1:]}." if notes else ""
        same = "; ".join(f"{column.header} {text}{_unit_after(column)}" for column, text in self._constants)
        same = f"The same in all rows: {same}." if same else ""
        return " ".join(filter(None, (self.title, notes, same, self.caption)))

    @cached_property
    def spoken(self) -> tuple[Column, ...]:
        """Columns that have a value or a remark in some row."""
        return tuple(c for c in self.columns if c.name in self.groups or not _is_silent(self.data[c.name]))

    @cached_property
    def _constants(self) -> list[tuple[Column, str]]:
        """Return the columns that can be done without and have one value in all of several rows, with that value."""
        found = []
        for column in self.spoken if len(self.data) > 1 else ():
            texts = {(cell.text, cell.interval) for cell in self.cells(column)} if column.rank is not None else set()
            if len(texts) == 1:
                found.append((column, " ".join(filter(None, *texts))))
        return found

    def cells(self, column: Column) -> list[Cell]:
        """Return the cells of a column."""
        values = self.data[column.name].tolist()
        if column.kind == "text":
            return [Cell(DASH if _is_missing(value) else str(value)) for value in values]
        if column.kind == "count":
            return [Cell(DASH if _is_missing(value) else f"{int(value)}") for value in values]
        numbers = [math.nan if _is_missing(value) else column.factor * value for value in values]
        lows, highs = self._ends(column, "low"), self._ends(column, "high")
        bold = self._best(column, numbers, lows, highs)
        scale: Scale = "log" if column.kind == "log" else "linear"
        least = 0 if column.unit == "%" else NO_LEAST
        rows = zip(numbers, lows, highs, bold, strict=True)
        return [Cell(*texts(value, low, high, scale, least), is_best) for value, low, high, is_best in rows]

    def headings(self) -> list[str]:
        """Return for each row the heading that it stands under; empty without groups."""
        rows = self.data[list(self.groups)].itertuples(index=False, name=None)
        return [", ".join(map(str, row)) for row in rows]

    def _ends(self, column: Column, end: str) -> list[float]:
        name = f"{column.name}_{end}"
        if name not in self.data:
            return [math.nan] * len(self.data)
        return [math.nan if _is_missing(value) else column.factor * value for value in self.data[name]]

    def _best(
        self, column: Column, values: Sequence[float], lows: Sequence[float], highs: Sequence[float]
    ) -> list[bool]:
        """Return the best of each group, what equals it, and what its interval does not set apart from it.

        None, where that would be the whole group; nothing infinite is bold. Where values are too few for an
        interval, its ends are −∞ and ∞, and nothing is set apart.
        """
        if column.best is None:
            return [False] * len(values)
        sign = 1.0 if column.best == "least" else -1.0
        bold = [False] * len(values)
        headings = self.headings()
        for heading in dict.fromkeys(headings):
            rows = [row for row, name in enumerate(headings) if name == heading and not math.isnan(values[row])]
            if not rows:
                continue
            top = min(rows, key=lambda row: sign * values[row])
            reach, near = (highs[top], lows) if sign > 0 else (lows[top], highs)
            best = [
                row
                for row in rows
                if math.isclose(values[row], values[top], rel_tol=1e-9) or sign * near[row] <= sign * reach
            ]
            if len(best) < len(rows):
                for row in best:
                    bold[row] = math.isfinite(values[row])
        return bold


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _unit_after(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def _is_silent(values: pd.Series) -> bool:
    return bool((values.isna() | (values.astype(object) == "")).all())
