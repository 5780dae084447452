"""A sheet: columns of text, fitted into the width of a terminal without breaking a word or a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bnnbench.errors import visible

NAME_WIDTH = 24
"""Characters to which names are wrapped before a column is left out: between the parts of a word, and within one only
where it alone is longer."""
_PART = re.compile(r"[^\s_\[\],=/-]*[\s_\[\],=/-]?")


@dataclass(frozen=True)
class Field:
    """A column of text: heading, cells, whether it holds names, and when a narrow table does without it."""

    header: str
    cells: Sequence[str]
    is_text: bool = False
    rank: int | None = None

    @property
    def width(self) -> int:
        """Places of its widest line: a Chinese character takes two."""
        return max(cell_len(line) for text in (self.header, *self.cells) for line in text.split("\n"))

    @property
    def is_constant(self) -> bool:
        """Tell whether all of several rows say the same, so that a line says it as well."""
        return len(self.cells) > 1 and len(set(self.cells)) == 1

    @property
    def short(self) -> str:
        """Heading without its unit, and what all rows say if they say the same."""
        name = self.header.partition(" [")[0]
        return f"{name} ({self.cells[0]} in all rows)" if self.is_constant else name


@dataclass(frozen=True)
class Sheet:
    """Columns that have room, and the headings of those that have none."""

    fields: Mapping[str, Field]
    left_out: Sequence[str]

    @property
    def headers(self) -> list[str]:
        """Headings from left to right."""
        return [field.header for field in self.fields.values()]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells, row by row."""
        return list(zip(*(field.cells for field in self.fields.values()), strict=True))


def fit(fields: Mapping[str, Field], width: float, gap: float = 2) -> Sheet:
    """Return the columns as they find room in a width, with a gap between them.

    In one line; else with stacked headings and long names wrapped between their parts, without what can be done
    without, what is the same in all rows first, and last with all names wrapped as far as they can be.
    """

    def total(shown: Mapping[str, Field]) -> float:
        return sum(field.width for field in shown.values()) + gap * (len(shown) - 1)

    shown, left_out = dict(fields), []
    if total(shown) > width:
        shown = {name: replace(field, header=field.header.replace(" ", "\n")) for name, field in shown.items()}
    stacked = shown
    if total(shown) > width:
        shown = {name: _wrapped(field, NAME_WIDTH) for name, field in shown.items()}
    ranked = [(not field.is_constant, field.rank, name) for name, field in shown.items() if field.rank is not None]
    for _, _, name in sorted(ranked):
        if total(shown) > width:
            left_out.append(fields[name].short)
            del shown[name]
    most = max((field.width for field in shown.values()), default=0)
    while total(shown) > width and most > 1:
        most -= 1
        shown = {name: _wrapped(stacked[name], most) for name in shown}
    return Sheet(shown, left_out)


def _wrapped(field: Field, most: int) -> Field:
    cells = [wrap(text.replace(", ", ",\n"), most) for text in field.cells] if field.is_text else field.cells
    return replace(field, header=wrap(field.header, most), cells=cells)


def wrap(text: str, most: int) -> str:
    """Return a text in lines of at most so many places, broken between the parts of words, as in ``num_|reads``.

    A part that is longer than `NAME_WIDTH` is broken within.
    """
    lines = []
    for whole in text.split("\n"):
        line = ""
        for part in (piece for word in _PART.findall(whole) for piece in _pieces(word, most)):
            if line and cell_len(line) + cell_len(part.rstrip()) > most:
                lines.append(line.rstrip())
                line = ""
            line += part
        lines.append(line)
    return "\n".join(lines)


def _pieces(word: str, most: int) -> list[str]:
    return chop_cells(word, max(most, NAME_WIDTH // 2)) if cell_len(word.rstrip()) > NAME_WIDTH else [word]


def print_rows(
    rows: Sequence[Sequence[str]], headings: Sequence[str], console: Console, *, numbers: Collection[str] = ()
) -> None:
    """Print rows below headings, see `print_sheet`; columns of numbers are flush right."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(headings)
    fields = {
        name: Field(name, list(map(visible, cells)), is_text=name not in numbers)
        for name, cells in zip(headings, columns, strict=True)
    }
    print_sheet(fields, console)


def print_sheet(
    fields: Mapping[str, Field],
    console: Console,
    *,
    title: str | None = None,
    caption: str | None = None,
    sections: Sequence[Any] = (),
    bold: Sequence[Sequence[str]] = (),
) -> None:
    """Print columns, fitted into the console, and name those that had no room.

    Parameters
    ----------
    sections
        Of each row, what it belongs to; a line is left free between sections.
    bold
        Of each row, the names of the columns that are set in bold.
    """
    sheet = fit(fields, console.width)
    # Text, not str: rich takes "[loss]" and "tabu[num_restarts=4]" for markup and drops what is in brackets.
    table = Table(title=Text(title) if title else None, box=box.SIMPLE_HEAD, title_justify="left")
    table.caption, table.caption_justify = Text(caption) if caption else None, "left"
    table.show_edge, table.pad_edge, table.padding = False, False, (0, 1, 0, 0)
    for field in sheet.fields.values():
        justify: Any = "left" if field.is_text else "right"
        table.add_column(Text(field.header), justify=justify, no_wrap=not field.is_text, overflow="fold")
    for place, row in enumerate(sheet.rows):
        if place and sections and sections[place] != sections[place - 1]:
            table.add_section()
        strong = bold[place] if bold else ()
        table.add_row(
            *[Text(cell, "bold" if name in strong else "") for name, cell in zip(sheet.fields, row, strict=True)]
        )
    console.print(table)
    if sheet.left_out:
        names = ", ".join(sheet.left_out)
        console.print(Text(f"Columns left out: {names}; widen the terminal, or use bnnbench export."))
