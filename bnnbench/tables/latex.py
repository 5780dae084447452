"""LaTeX: a table for a paper, in booktabs and siunitx; and its escapes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from bnnbench.tables.fit import NUMBER, SETTINGS, Fitted, Setting, fit, header_lines, is_plain
from bnnbench.tables.rounding import DASH
from bnnbench.tables.stamp import stamp_line
from bnnbench.tables.table import Column, Table

PAGE_ROWS = 36
"""Rows, headings among them, that a page holds under a caption of ten lines."""
WORD, LONG_WORD = 12, 30
"""Characters of a word in a table and in a caption, beyond which it may break."""
PIECE = re.compile(r"[^_[,=-]{1,8}[_[,=-]?|[_[,=-]")
"""Pieces of a word, between which it may break: where its parts end, or after eight characters."""
AGAIN = "\\addtocounter{table}{-1}\\caption{(continued)}"
"""Caption of what is the same table on another page."""


def to_latex(table: Table) -> str:
    """Return LaTeX that needs booktabs, array and siunitx (3, of 2021), no wider than the table's view asks.

    Numbers are columns of siunitx, aligned at the decimal marker, intervals stand beside them, groups become headings.
    Columns for which there is no room are left out, and named in a comment; intervals for which there is none, in the
    caption. What is longer than a page is a longtable, which needs that package too, or in two columns several tables
    of one number.
    """
    found = fit(table, SETTINGS[table.view.width])
    pages = list(_pages(table, found))
    is_long = len(pages) > 1 and found.setting.may_break
    if is_long:
        (rows,) = _pages(table, found, None)
        lines = _longtable(found, _caption(table, found), rows)
    else:
        captions = [_caption(table, found), *[AGAIN] * (len(pages) - 1)]
        lines = [line for caption, page in zip(captions, pages, strict=True) for line in _float(found, caption, page)]
    packages = "booktabs, array, siunitx and longtable" if is_long else "booktabs, array and siunitx"
    comments = [stamp_line(table.stamp), f"needs the packages {packages}"]
    names = ", ".join(column.header for column in found.left_out)
    comments += [f"left out for want of width: {names}"] if names else []
    return "\n".join([*(f"% {comment}" for comment in comments), *lines]) + "\n"


def _caption(table: Table, found: Fitted) -> str:
    bare = f" Without intervals, for want of width: {', '.join(c.header for c in found.bare)}." if found.bare else ""
    label = re.sub("[^A-Za-z0-9-]+", "-", f"{table.name}-{table.kind}")
    words = f"{table.full_caption(found.columns)}{bare}".split()
    return f"\\caption{{{' '.join(map(_captioned, words))}}}\\label{{tab:{label}}}"


def _pages(table: Table, found: Fitted, most: int | None = PAGE_ROWS) -> Iterator[list[str]]:
    """Yield the rows of each page below the headings of their groups; all at once without a number of rows."""
    num_columns = sum(map(found.num_columns, found.columns))
    page: list[str] = []
    before, height = None, 0
    for row, heading in enumerate(table.headings()):
        if most is not None and height >= most:
            yield page
            page, before, height = [], None, 0
        if table.groups and heading != before:
            page += ["\\addlinespace"] if page else []
            page.append(_heading(heading, num_columns, found.setting))
            height += 2
        before = heading
        height += found.height(row)
        line = [text for column in found.columns for text in _entries(found, column, row)]
        page.append(f"{' & '.join(line)} \\\\")
    yield page


def _float(found: Fitted, caption: str, rows: Sequence[str]) -> list[str]:
    setting = found.setting
    begin = [f"\\begin{{{setting.environment}}}", "\\centering", caption, *_style(setting)]
    body = [f"\\begin{{tabular}}{_layout(found)}", *_head(found), *rows, "\\bottomrule", "\\end{tabular}"]
    return [*begin, *body, f"\\end{{{setting.environment}}}"]


def _longtable(found: Fitted, caption: str, rows: Sequence[str]) -> list[str]:
    style, head = [*_style(found.setting), "\\setlength{\\LTcapwidth}{\\linewidth}"], _head(found)
    opening = ["\\begingroup", *style, f"\\begin{{longtable}}{_layout(found)}", f"{caption}\\\\"]
    ends = [*head, "\\endfirsthead", *head, "\\endhead", "\\bottomrule", "\\endfoot"]
    return [*opening, *ends, *rows, "\\end{longtable}", "\\endgroup"]


def _style(setting: Setting) -> list[str]:
    space = f"\\setlength{{\\tabcolsep}}{{{setting.gap_pt:g}pt}}"
    return [f"\\{setting.size}", space, "\\sisetup{mode=match, reset-text-series=false}"]


def _layout(found: Fitted) -> str:
    return f"{{@{{}}{''.join(map(found.specification, found.columns))}@{{}}}}"


def _heading(text: str, num_columns: int, setting: Setting) -> str:
    """Return the line of a heading; one that is longer than a line is a paragraph that may break within words."""
    if len(text) <= setting.characters:
        return f"\\multicolumn{{{num_columns}}}{{@{{}}l}}{{\\emph{{{escape(text)}}}}} \\\\"
    cell = f"\\raggedright\\arraybackslash\\emph{{{_breakable(text)}}}"
    return f"\\multicolumn{{{num_columns}}}{{@{{}}p{{\\linewidth}}}}{{{cell}}} \\\\"


def _captioned(word: str) -> str:
    return escape(word) if len(word) <= LONG_WORD else _breakable(word)


def _breakable(text: str) -> str:
    """Return text whose words may break where their parts end."""
    pieces = (PIECE.findall(word) if len(word) > WORD else [word] for word in text.split())
    return " ".join("\\allowbreak{}".join(map(escape, parts)) for parts in pieces)


def _head(found: Fitted) -> list[str]:
    """Return the lines of the headers between their rules, units below names."""
    stacks = [header_lines(column) for column in found.columns]
    height = max(map(len, stacks))
    lines = [["" for _ in range(height - len(stack))] + stack for stack in stacks]
    rows = [
        " & ".join(_header(found, column, lines[place][row]) for place, column in enumerate(found.columns))
        for row in range(height)
    ]
    return ["\\toprule", *(f"{row} \\\\" for row in rows), "\\midrule"]


def _header(found: Fitted, column: Column, text: str) -> str:
    shown = escape(text)
    if column.kind == "text":
        return shown
    return f"\\multicolumn{{2}}{{c}}{{{shown}}}" if found.num_columns(column) == 2 else f"{{{shown}}}"


def _entries(found: Fitted, column: Column, row: int) -> list[str]:
    cell = found.cells[column.name][row]
    if column.kind == "text":
        return [_breakable(cell.text)]
    is_number = NUMBER.fullmatch(cell.text) is not None
    text = cell.text.replace("−", "-") if is_number else f"{{{escape(cell.text)}}}"
    text = f"\\num{{{text}}}" if is_number and column.kind == "log" else text
    text = f"\\bfseries {text}" if cell.is_best else text
    return [text, _interval(cell.interval)] if found.num_columns(column) == 2 else [text]


def _interval(text: str) -> str:
    """Return an interval with its numbers set by siunitx; the bracket is hidden from a line break before it."""
    ends = text.strip("[]").split(", ") if text else []
    shown = [f"\\num{{{end.replace('−', '-')}}}" if NUMBER.fullmatch(end) else escape(end) for end in ends]
    return f"{{[}}{', '.join(shown)}]" if shown else ""


_GREEK = {
    character: unicodedata.name(character).rpartition(" ")[2]
    for character in "αβγδζηθικμνξπρστυφχψωΓΔΘΞΠΣΥΦΨΩ"
}  # fmt: skip
"""Letters that mathematics has, by their names; capitals like Latin ones are not among them."""
_LATEX = str.maketrans({
    **{character: f"$\\{name.lower() if character.islower() else name.title()}$" for character, name in _GREEK.items()},
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
    "Λ": "$\\Lambda$",
    "ε": "$\\varepsilon$",
    "≥": "$\\geq$",
    "≤": "$\\leq$",
    "≠": "$\\neq$",
    "≈": "$\\approx$",
    "→": "$\\to$",
})  # fmt: skip


def escape(text: str) -> str:
    """Return text that LaTeX sets as it is; a character that no plain font has becomes its number, such as U+4E2D."""
    known = " ".join(unicodedata.normalize("NFC", text).split()).replace("--", "-{}-").split("-{}-")
    return "-{}-".join(_safe(part.translate(_LATEX)) for part in known).replace(" \\%", "~\\%")


def _safe(text: str) -> str:
    return "".join(
        character if is_plain(character) else f"U+{ord(character):04X}\\allowbreak{{}}" for character in text
    )
