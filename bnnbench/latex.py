"""LaTeX: a summary as a table for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bnnbench.errors import InputError
from bnnbench.tables import CENSORING, DASH, EMPTY, GROUPS, LEGEND, TEXTS, make_sheet

if TYPE_CHECKING:
    import pandas as pd

LATEX_WIDTH = 80
"""Characters of \\small type, 4.25 pt in the mean of measured tables, in the 345 pt of an article's line on A4."""


def to_latex(summary: pd.DataFrame, caption: str, label: str) -> str:
    """A summary as a LaTeX table that needs the package booktabs, no wider than the text of an article on A4.

    Formulations are headings; columns are left out as in a terminal, and named in a comment.

    Raises
    ------
    InputError
        If there are no rows.
    """
    from bnnbench import __version__

    if summary.empty:
        raise InputError(f"LaTeX: {EMPTY}")
    groups = [name for name in GROUPS if name in summary]
    sheet = make_sheet(summary, LATEX_WIDTH, gap=1.3, hidden=groups)
    names = list(sheet.cells)
    body: list[str] = []
    before = None
    for group, row in zip(summary[groups].itertuples(index=False, name=None), sheet.rows, strict=True):
        if group != before and groups:
            space = ["\\addlinespace"] if body else []
            body += [*space, f"\\multicolumn{{{len(names)}}}{{@{{}}l}}{{\\emph{{{_escape(', '.join(group))}}}}} \\\\"]
        before = group
        body += _latex_rows(row)
    lines = [
        f"% bnnbench {__version__}; {int(summary['runs'].sum())} runs; needs \\usepackage{{booktabs}}",
        *([f"% left out for want of width: {sheet.note}"] if sheet.left_out else []),
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_escape(f'{caption} {CENSORING} {LEGEND}')}}}",
        f"\\label{{tab:{re.sub('[^A-Za-z0-9-]+', '-', label)}}}",
        "\\small",
        "\\setlength{\\tabcolsep}{3pt}",
        f"\\begin{{tabular}}{{@{{}}{''.join('l' if name in TEXTS else 'r' for name in names)}@{{}}}}",
        "\\toprule",
        *_latex_rows(sheet.headers.values(), at_bottom=True),
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_rows(cells: Iterable[str], *, at_bottom: bool = False) -> list[str]:
    """One row, in as many lines as its highest cell has."""
    stacks = [cell.split("\n") for cell in cells]
    height = max(map(len, stacks))
    blanks = [[""] * (height - len(stack)) for stack in stacks]
    columns = [blank + stack if at_bottom else stack + blank for stack, blank in zip(stacks, blanks, strict=True)]
    return [" & ".join(map(_escape, line)) + " \\\\" for line in zip(*columns, strict=True)]


_LATEX = str.maketrans({
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    DASH: "--",
    "−": "$-$",
    "∞": "$\\infty$",
    "λ": "$\\lambda$",
    "ε": "$\\varepsilon$",
})  # fmt: skip


def _escape(text: str) -> str:
    return " ".join(text.split()).translate(_LATEX)
