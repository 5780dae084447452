"""LaTeX: a table for a paper, in booktabs and siunitx; and its escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bnnbench.tables.rounding import DASH
from bnnbench.tables.stamp import stamp_line
from bnnbench.tables.table import Cell, Column, Table

LINE_WIDTH = 78
"""Characters of \\small type, 4.25 pt in the mean of measured tables, in the 345 pt of an article's line on A4."""
COLUMN_GAP = 1.4
"""Characters that stand for the 6 pt between columns."""
PAGE_ROWS = 36
"""Rows, headings among them, that a page holds under a caption of ten lines."""
TEXT_WIDTH = 20
"""Characters of a text column, beyond which it is folded."""
LONG_WORD = 30
"""Characters of a word in a caption, beyond which it may break."""
PIECE = re.compile(r"[^_[,=-]{1,12}[_[,=-]?|[_[,=-]")
"""Pieces of a word, between which it may break: where its parts end, or after twelve characters."""
NUMBER = re.compile(r"(?P<sign>[>−-]?)(?P<whole>\d+)(?:\.(?P<decimals>\d+))?(?:e(?P<power>-?\d+))?")


def to_latex(table: Table) -> str:
    """Return LaTeX that needs booktabs, array and siunitx (3, of 2021), no wider than an article's text on A4.

    Numbers are columns of siunitx, aligned at the decimal marker, intervals stand beside them, groups become headings.
    Columns for which there is no room are left out, and named in a comment. What is longer than a page is a longtable,
    and needs that package too.
    """
    columns, left_out = _fitted(table)
    specification = "".join(_specification(table, column) for column in columns)
    cells = {column.name: table.cells(column) for column in columns}
    num_columns = sum(_num_columns(cells[column.name]) for column in columns)
    body: list[str] = []
    before = None
    for row, heading in enumerate(table.headings()):
        if table.groups and heading != before:
            body += ["\\addlinespace"] if body else []
            body.append(_heading(heading, num_columns))
        before = heading
        line = [text for column in columns for text in _entries(column, cells[column.name], row)]
        body.append(f"{' & '.join(line)} \\\\")
    is_long = len(body) > PAGE_ROWS
    packages = "booktabs, array, siunitx and longtable" if is_long else "booktabs, array and siunitx"
    label = re.sub("[^A-Za-z0-9-]+", "-", f"{table.name}-{table.kind}")
    caption = f"\\caption{{{' '.join(map(_captioned, table.caption.split()))}}}\\label{{tab:{label}}}"
    head = ["\\toprule", *(f"{' & '.join(line)} \\\\" for line in _headers(columns, cells)), "\\midrule"]
    layout = f"{{@{{}}{specification}@{{}}}}"
    style = ["\\small", "\\setlength{\\tabcolsep}{3pt}", "\\sisetup{mode=match, reset-text-series=false}"]
    if is_long:
        style += ["\\setlength{\\LTcapwidth}{\\linewidth}"]
        opening = ["\\begingroup", *style, f"\\begin{{longtable}}{layout}", f"{caption}\\\\"]
        lines = [*opening, *head, "\\endfirsthead", *head, "\\endhead", "\\bottomrule", "\\endfoot", *body]
        lines += ["\\end{longtable}", "\\endgroup"]
    else:
        lines = ["\\begin{table}", "\\centering", caption, *style, f"\\begin{{tabular}}{layout}", *head, *body]
        lines += ["\\bottomrule", "\\end{tabular}", "\\end{table}"]
    comments = [stamp_line(table.stamp), f"needs the packages {packages}"]
    comments += [f"left out for want of width: {', '.join(column.header for column in left_out)}"] if left_out else []
    return "\n".join([*(f"% {comment}" for comment in comments), *lines]) + "\n"


def _heading(text: str, num_columns: int) -> str:
    """Return the line of a heading; one that is longer than a line is a paragraph that may break within words."""
    if len(text) <= LINE_WIDTH:
        return f"\\multicolumn{{{num_columns}}}{{@{{}}l}}{{\\emph{{{escape(text)}}}}} \\\\"
    cell = f"\\raggedright\\arraybackslash\\emph{{{_breakable(text)}}}"
    return f"\\multicolumn{{{num_columns}}}{{@{{}}p{{\\linewidth}}}}{{{cell}}} \\\\"


def _captioned(word: str) -> str:
    return escape(word) if len(word) <= LONG_WORD else _breakable(word)


def _breakable(text: str) -> str:
    """Return text whose words may break where their parts end."""
    return " ".join("\\allowbreak{}".join(map(escape, PIECE.findall(word))) for word in text.split())


def _fitted(table: Table) -> tuple[list[Column], list[Column]]:
    """Return the columns that find room, and those that do not."""
    columns = [column for column in table.shown if column.name not in table.groups]
    widths = {column.name: _width(table, column) + COLUMN_GAP for column in columns}
    left_out: list[str] = []
    for name in table.dispensable:
        if name in widths and _total(widths, left_out) > LINE_WIDTH:
            left_out.append(name)
    for name in reversed(left_out.copy()):  # what is narrow may find room again
        rest = [other for other in left_out if other != name]
        left_out = rest if _total(widths, rest) <= LINE_WIDTH else left_out
    return (
        [column for column in columns if column.name not in left_out],
        [column for column in columns if column.name in left_out],
    )


def _total(widths: dict[str, float], left_out: Sequence[str]) -> float:
    return sum(width for name, width in widths.items() if name not in left_out) - COLUMN_GAP


def _width(table: Table, column: Column) -> float:
    """Return the characters that a column takes, with its intervals."""
    cells = table.cells(column)
    header = max(map(len, _header(column)))
    if column.kind == "text":
        return max(header, min(TEXT_WIDTH, max((len(cell.text) for cell in cells), default=0)))
    if column.kind == "log":
        number = max((_length(cell.text) for cell in cells), default=0)
    else:
        whole, decimals, power = _format(cells)
        number = whole + (decimals + 0.6 if decimals else 0) + (power + 2.5 if power else 0)
    interval = max((_length(cell.interval) for cell in cells), default=0)
    return max(header, number + (COLUMN_GAP + interval if interval else 0))


def _length(text: str) -> float:
    """Return the characters that a number or an interval takes; × 10 and a raised sign are wider than an e."""
    return len(text) + 1.5 * text.count("e")


def _format(cells: Sequence[Cell]) -> tuple[int, int, int]:
    """Return the most digits before and after the marker and of the exponent, over all cells."""
    found = [match for cell in cells if (match := NUMBER.fullmatch(cell.text))]
    whole = max((len(m["whole"]) for m in found), default=1)
    decimals = max((len(m["decimals"] or "") for m in found), default=0)
    return whole, decimals, max((len(m["power"] or "") for m in found), default=0)


def _specification(table: Table, column: Column) -> str:
    cells = table.cells(column)
    if column.kind == "text":
        is_long = max((len(cell.text) for cell in cells), default=0) > TEXT_WIDTH
        return f">{{\\raggedright\\arraybackslash}}p{{{TEXT_WIDTH * 4.25:.0f}pt}}" if is_long else "l"
    if column.kind == "log":
        # Over many powers of ten, aligned markers would leave holes.
        return "r@{\\hspace{3pt}}l" if _num_columns(cells) == 2 else "r"
    whole, decimals, power = _format(cells)
    signs = {match["sign"] for cell in cells if (match := NUMBER.fullmatch(cell.text))}
    sign = ">" if ">" in signs else "-" if signs - {""} else ""
    exponent = f"e{'-' * any('e-' in cell.text for cell in cells)}{power}" if power else ""
    number = f"S[table-format={sign}{whole}.{decimals}{exponent}]"
    return f"{number}@{{\\hspace{{3pt}}}}l" if _num_columns(cells) == 2 else number


def _num_columns(cells: Sequence[Cell]) -> int:
    return 2 if any(cell.interval for cell in cells) else 1


def _header(column: Column) -> list[str]:
    """Return lines of a header: the unit below the name, and long names in two lines."""
    name = column.header.split(" ") if len(column.header) > 8 else [column.header]
    return [*name, *([f"[{column.unit}]"] if column.unit else [])]


def _headers(columns: Sequence[Column], cells: dict[str, list[Cell]]) -> list[list[str]]:
    stacks = [_header(column) for column in columns]
    height = max(map(len, stacks))
    lines = [["" for _ in range(height - len(stack))] + stack for stack in stacks]
    return [
        [_head(columns[place], cells[columns[place].name], lines[place][row]) for place in range(len(columns))]
        for row in range(height)
    ]


def _head(column: Column, cells: Sequence[Cell], text: str) -> str:
    shown = escape(text)
    if column.kind == "text":
        return shown
    return f"\\multicolumn{{2}}{{c}}{{{shown}}}" if _num_columns(cells) == 2 else f"{{{shown}}}"


def _entries(column: Column, cells: Sequence[Cell], row: int) -> list[str]:
    cell = cells[row]
    if column.kind == "text":
        return [_breakable(cell.text)]
    is_number = NUMBER.fullmatch(cell.text) is not None
    text = cell.text.replace("−", "-") if is_number else f"{{{escape(cell.text)}}}"
    text = f"\\num{{{text}}}" if is_number and column.kind == "log" else text
    text = f"\\bfseries {text}" if cell.is_best else text
    return [text, _interval(cell.interval)] if _num_columns(cells) == 2 else [text]


def _interval(text: str) -> str:
    """Return an interval with its numbers set by siunitx; the bracket is hidden from a line break before it."""
    ends = text.strip("[]").split(", ") if text else []
    shown = [f"\\num{{{end.replace('−', '-')}}}" if NUMBER.fullmatch(end) else escape(end) for end in ends]
    return f"{{[}}{', '.join(shown)}]" if shown else ""


_LATEX = str.maketrans({
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    # Behind a line break, these would be its arguments.
    "[": "{[}",
    "*": "{*}",
    DASH: "--",
    "−": "$-$",
    "∞": "$\\infty$",
    "λ": "$\\lambda$",
    "ε": "$\\varepsilon$",
    "≥": "$\\geq$",
})  # fmt: skip


def escape(text: str) -> str:
    """Return text that LaTeX sets as it is; a character that no plain font has becomes its number, such as U+4E2D."""
    known = " ".join(text.split()).replace("--", "-{}-").split("-{}-")
    return "-{}-".join(_safe(part.translate(_LATEX)) for part in known).replace(" \\%", "~\\%")


def _safe(text: str) -> str:
    return "".join(
        character if " " <= character <= "~" or "\xa1" <= character <= "\u017f" else f"U+{ord(character):04X}"
        for character in text
    )
