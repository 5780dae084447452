"""A table as a value: numbers with their intervals, headers with units, and what a caption has to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from bnnbench.runs.column import Column as Measured
from bnnbench.tables.rounding import DASH, Scale, texts


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
    """

    name: str
    header: str
    unit: str = ""
    kind: Literal["text", "count", "linear", "log"] = "linear"
    factor: float = 1.0
    best: Literal["least", "greatest"] | None = None
    rank: int | None = None

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
    caption
        Sentences: budget, clock, runs, machine, and how to read it.
    columns
        Those that are printed, from left to right.
    data
        Every number with all its digits, also those that no column shows.
    groups
        Columns of text that become headings, between which best values are not compared.
    stamp
        Where it comes from, see `bnnbench.tables.stamp`.
    """

    kind: str
    name: str
    caption: str
    columns: tuple[Column, ...]
    data: pd.DataFrame
    groups: tuple[str, ...] = ()
    stamp: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[Column, ...]:
        """Columns that say something: not those without any value, or without a remark."""
        return tuple(c for c in self.columns if c.name in self.groups or not _is_silent(self.data[c.name]))

    @property
    def dispensable(self) -> list[str]:
        """Names of columns in the order in which a narrow page does without them."""
        ranked = [(c.rank, c.name) for c in self.columns if c.rank is not None and c.name not in self.groups]
        return [name for _, name in sorted(ranked)]

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
        rows = zip(numbers, lows, highs, bold, strict=True)
        return [Cell(*texts(value, low, high, scale), is_best) for value, low, high, is_best in rows]

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


def _is_silent(values: pd.Series) -> bool:
    return bool((values.isna() | (values.astype(object) == "")).all())
