"""Fit a table into the width of a paper: which columns and intervals find room, as printed in LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bnnbench.tables.table import Cell, Column, Table
from bnnbench.tables.view import Width

NUMBER = re.compile(r"(?P<sign>[>−-]?)(?P<whole>\d+)(?:\.(?P<decimals>\d+))?(?:e(?P<power>-?\d+))?")


@dataclass(frozen=True)
class Setting:
    r"""The setting of a table.

    Attributes
    ----------
    environment
        ``table*`` reaches over both columns of a page.
    size
        Of the type.
    characters
        That a line holds: one of \\small is 4.42 pt wide in the mean of measured tables, one of \\footnotesize 3.95 pt.
    text_width
        Characters of a text column, beyond which it is folded.
    gap_pt
        Half of the space between columns.
    may_break
        Whether it may be a longtable, which there is none of in two columns.
    """

    environment: Literal["table", "table*"]
    size: Literal["small", "footnotesize"]
    characters: int
    text_width: int
    gap_pt: float
    may_break: bool = False

    @property
    def gap(self) -> float:
        """Characters that stand for the space between columns."""
        return 2 * self.gap_pt / 4.3


SETTINGS: Mapping[Width, Setting] = {
    "article": Setting("table", "small", 78, 20, 3, may_break=True),
    "column": Setting("table", "footnotesize", 62, 13, 2),
    "page": Setting("table*", "small", 114, 24, 3),
}
"""The 345 pt of an article's line on A4; the 246 pt of a column of APS, the narrowest of IEEE's, ACM's and its; and
506 pt of a page of two columns."""


@dataclass(frozen=True)
class Fitted:
    """The part of a table that finds room.

    Attributes
    ----------
    columns, cells
        What is printed; a column without intervals takes one of LaTeX's, one with them two.
    left_out, bare
        Columns without room, and those whose intervals have none.
    """

    setting: Setting
    columns: tuple[Column, ...]
    cells: Mapping[str, Sequence[Cell]]
    left_out: tuple[Column, ...] = ()
    bare: tuple[Column, ...] = ()

    @property
    def width(self) -> float:
        """Characters of a line."""
        return sum(map(self._width, self.columns)) + self.setting.gap * (len(self.columns) - 1)

    @property
    def has_room(self) -> bool:
        """Tell whether the lines are no longer than they may be."""
        return self.width <= self.setting.characters

    def without(self, *columns: Column) -> Fitted:
        """Return it without columns."""
        kept = tuple(column for column in self.columns if column not in columns)
        return replace(self, columns=kept, left_out=(*self.left_out, *columns))

    def baring(self, column: Column) -> Fitted:
        """Return it without the intervals of a column."""
        cells = [replace(cell, interval="") for cell in self.cells[column.name]]
        return replace(self, cells={**self.cells, column.name: cells}, bare=(*self.bare, column))

    def num_columns(self, column: Column) -> int:
        """Return how many of LaTeX's columns a column takes."""
        return 2 if any(cell.interval for cell in self.cells[column.name]) else 1

    def height(self, row: int) -> int:
        """Return the lines that a row takes, of which words leave some room free."""
        texts = (self.cells[column.name][row].text for column in self.columns if column.kind == "text")
        return max((math.ceil(1.2 * _places(text) / self.setting.text_width) for text in texts), default=1) or 1

    def specification(self, column: Column) -> str:
        """Return what LaTeX is told of a column."""
        cells = self.cells[column.name]
        if column.kind == "text":
            is_long = max((_places(cell.text) for cell in cells), default=0) > self.setting.text_width
            width_pt = self.setting.text_width * (4.25 if self.setting.size == "small" else 3.8)
            return f">{{\\raggedright\\arraybackslash}}p{{{width_pt:.0f}pt}}" if is_long else "l"
        beside = "@{\\hspace{3pt}}l" if self.num_columns(column) == 2 else ""
        if column.kind == "log":
            return f"r{beside}"  # over many powers of ten, aligned markers would leave holes
        whole, decimals, power = _format(cells)
        signs = {match["sign"] for cell in cells if (match := NUMBER.fullmatch(cell.text))}
        sign = ">" if ">" in signs else "-" if signs - {""} else ""
        exponent = f"e{'-' * any('e-' in cell.text for cell in cells)}{power}" if power else ""
        return f"S[table-format={sign}{whole}.{decimals}{exponent}]{beside}"

    def _width(self, column: Column) -> float:
        """Return the characters that a column takes, with its intervals."""
        cells = self.cells[column.name]
        header = max(map(len, header_lines(column)))
        if column.kind == "text":
            widest = max((_places(cell.text) for cell in cells), default=0)
            return max(header, min(self.setting.text_width, widest))
        if column.kind == "log":
            number = max((_length(cell.text) for cell in cells), default=0)
        else:
            whole, decimals, power = _format(cells)
            number = whole + (decimals + 0.6 if decimals else 0) + (power + 2.5 if power else 0)
        interval = max((_length(cell.interval) for cell in cells), default=0)
        return max(header, number + (1.4 + interval if interval else 0))


def fit(table: Table, setting: Setting) -> Fitted:
    """Return what of a table finds room in a setting.

    What can be done without goes first, by rank; then intervals, from the right. What is narrow may find room again.
    """
    columns = tuple(column for column in table.shown if column.name not in table.groups)
    whole = Fitted(setting, columns, {column.name: table.cells(column) for column in columns})
    ranked = sorted((c.rank, place) for place, c in enumerate(columns) if c.rank is not None)
    left_out: list[Column] = []
    for _, place in ranked:
        if not whole.without(*left_out).has_room:
            left_out.append(columns[place])
    for column in reversed(left_out.copy()):
        rest = [other for other in left_out if other is not column]
        left_out = rest if whole.without(*rest).has_room else left_out
    fitted = whole.without(*[column for column in columns if column in left_out])
    for column in reversed(fitted.columns):
        if not fitted.has_room and fitted.num_columns(column) == 2:
            fitted = fitted.baring(column)
    return replace(fitted, bare=fitted.bare[::-1])


def header_lines(column: Column) -> list[str]:
    """Return lines of a header: the unit below the name, and long names in two lines."""
    name = column.header.split(" ") if len(column.header) > 8 else [column.header]
    return [*name, *([f"[{column.unit}]"] if column.unit else [])]


def is_plain(character: str) -> bool:
    """Tell whether any font of LaTeX has a character."""
    return " " <= character <= "~" or "\xa1" <= character <= "\u017f"


def _places(text: str) -> int:
    """Return the characters that a name takes, where one that no font has is printed as its number."""
    return sum(1 if is_plain(character) or character < "\u2e80" else len("U+4E2D") for character in text)


def _length(text: str) -> float:
    """Return the characters that a number or an interval takes; × 10 and a raised sign are wider than an e."""
    return len(text) + 1.5 * text.count("e")


def _format(cells: Sequence[Cell]) -> tuple[int, int, int]:
    """Return the most digits before and after the marker and of the exponent, over all cells."""
    found = [match for cell in cells if (match := NUMBER.fullmatch(cell.text))]
    whole = max((len(m["whole"]) for m in found), default=1)
    decimals = max((len(m["decimals"] or "") for m in found), default=0)
    return whole, decimals, max((len(m["power"] or "") for m in found), default=0)
