r"""Macros: single numbers of a table as LaTeX commands, so that no figure in a text is typed by hand."""

from __future__ import annotations

import re

from bnnbench.tables.fit import NUMBER
from bnnbench.tables.latex import escape
from bnnbench.tables.stamp import stamp_line
from bnnbench.tables.table import Table

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def to_macros(table: Table) -> str:
    r"""Return a command per printed number of a table: ``\newcommand{\bnnSmokeReducedTabuLossGap}{\num{0.5}}``.

    Named by the results, the text columns of the row, and the header, in letters alone, digits in words; where two
    names are one, the later ones get numbers. ``…Low`` and ``…High`` are the ends of the interval. Needs siunitx.
    """
    texts = [column for column in table.spoken if column.kind == "text" and column.rank is None]
    labels = zip(*(table.data[column.name].astype(str) for column in texts), strict=True)
    lines = [f"% {stamp_line(table.stamp)}", "% needs \\usepackage{siunitx}"]
    used: set[str] = set()
    rows = list(labels)
    for column in table.spoken:
        if column.kind == "text":
            continue
        for row, cell in zip(rows, table.cells(column), strict=True):
            name = _unused(_name(table.name, *row, column.header), used)
            lines.append(f"\\newcommand{{\\{name}}}{{{_value(cell.text)}}}")
            for end, text in zip(("Low", "High"), cell.interval.strip("[]").split(", "), strict=False):
                if text:
                    lines.append(f"\\newcommand{{\\{_unused(name + end, used)}}}{{{_value(text)}}}")
    return "\n".join(lines) + "\n"


def _name(*parts: str) -> str:
    """Return a name of letters alone: each word begins with a capital, digits are words."""
    words = re.findall(r"[A-Za-z]+|[0-9]", " ".join(parts))
    return "bnn" + "".join(_DIGITS[int(word)] if word.isdigit() else word[0].upper() + word[1:] for word in words)


def _unused(name: str, used: set[str]) -> str:
    number = 1
    candidate = name
    while candidate in used:
        number += 1
        candidate = name + "Again" + "".join(_DIGITS[int(digit)] for digit in str(number))
    used.add(candidate)
    return candidate


def _value(text: str) -> str:
    return f"\\num{{{text.replace('−', '-')}}}" if NUMBER.fullmatch(text) else f"\\ensuremath{{{_math(text)}}}"


def _math(text: str) -> str:
    return {"∞": "\\infty", "−∞": "-\\infty"}.get(text, f"\\mbox{{{escape(text)}}}")
