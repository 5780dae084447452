"""Formats of a table: text for papers and pages, data for programs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

from bnnbench.store.parquet import parquet_bytes
from bnnbench.tables.latex import to_latex
from bnnbench.tables.rounding import DASH
from bnnbench.tables.stamp import MARK, stamp_line
from bnnbench.tables.table import Cell, Column, Table


def write_table(table: Table, form: str) -> bytes:
    """Return a table in one of `FORMATS`, as the bytes of a file. Text is UTF-8.

    Markdown, LaTeX and HTML are what is read: rounded as `bnnbench.tables.rounding` says, with caption and stamp. CSV
    and Parquet are all the data, with all digits; Parquet has the stamp in its metadata, CSV has no place for it.
    """
    return FORMATS[form](table)


def to_csv(table: Table) -> str:
    """Return comma-separated values with all digits."""
    return table.data.to_csv(index=False, lineterminator="\n")


def to_parquet(table: Table) -> bytes:
    """Return Apache Parquet with the stamp in the metadata of the file."""
    return parquet_bytes(table.data, {MARK: stamp_line(table.stamp)})


def to_markdown(table: Table) -> str:
    """Return a table of GitHub's Markdown, caption and stamp below; groups are a column, best values bold."""
    columns = list(table.shown)
    cells = [table.cells(column) for column in columns]
    rows = [
        [_markdown(cell, column) for cell, column in zip(row, columns, strict=True)] for row in zip(*cells, strict=True)
    ]
    head = [column.title for column in columns]
    rule = ["---" if column.kind == "text" else "--:" for column in columns]
    lines = [f"| {' | '.join(line)} |" for line in (head, rule, *rows)]
    return "\n".join([*lines, "", _escaped(table.full_caption(columns)), "", f"<!-- {stamp_line(table.stamp)} -->", ""])


def _markdown(cell: Cell, column: Column) -> str:
    if column.kind == "text":
        return _escaped(cell.text)
    text = cell.text.replace(">", "&gt;")
    return f"{f'**{text}**' if cell.is_best else text} {cell.interval}".strip()


def _escaped(text: str) -> str:
    """Return Markdown that shows the text: nothing in it is markup, HTML or a link."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|~])|(?<!\w)(_)|(_)(?!\w)", lambda found: f"\\{found[0]}", flat)


_STYLE = (
    "table{border-collapse:collapse;font:0.9rem/1.4 system-ui,sans-serif}caption{caption-side:bottom;text-align:left;"
    "padding-top:.6rem}th,td{padding:.15rem .6rem;text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}"
    "thead tr{border-top:2px solid;border-bottom:1px solid}tbody:last-of-type tr:last-child{border-bottom:2px solid}"
    ".text{text-align:left}.interval{opacity:.7}"
)


def to_html(table: Table) -> str:
    """Return a page with the table alone, groups as headings; everything that solvers print is escaped."""
    columns = [column for column in table.shown if column.name not in table.groups]
    cells = [table.cells(column) for column in columns]
    head = "".join(f'<th scope="col"{_class(column)}>{html.escape(column.title)}</th>' for column in columns)
    body: list[str] = []
    before = None
    for heading, row in zip(table.headings(), zip(*cells, strict=True), strict=True):
        if table.groups and heading != before:
            body.append(
                f'<tr><th class="text" scope="rowgroup" colspan="{len(columns)}">{html.escape(heading)}</th></tr>'
            )
        before = heading
        body.append(f"<tr>{''.join(_td(column, cell) for column, cell in zip(columns, row, strict=True))}</tr>")
    title = html.escape(f"{table.name}: {table.kind}")
    return "\n".join([
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>',
        f"<!-- {stamp_line(table.stamp)} -->",
        f"<table><caption>{html.escape(table.full_caption(columns))}</caption>",
        f"<thead><tr>{head}</tr></thead>",
        "<tbody>",
        *body,
        "</tbody></table>",
        "</body></html>",
        "",
    ])  # fmt: skip


def _class(column: Column) -> str:
    return ' class="text"' if column.kind == "text" else ""


def _td(column: Column, cell: Cell) -> str:
    text = html.escape(cell.text) or DASH
    text = f"<b>{text}</b>" if cell.is_best else text
    interval = f' <span class="interval">{html.escape(cell.interval)}</span>' if cell.interval else ""
    return f"<td{_class(column)}>{text}{interval}</td>"


FORMATS: Mapping[str, Callable[[Table], bytes]] = {
    "csv": lambda table: to_csv(table).encode(errors="replace"),
    "parquet": to_parquet,
    "markdown": lambda table: to_markdown(table).encode(errors="replace"),
    "latex": lambda table: to_latex(table).encode(errors="replace"),
    "html": lambda table: to_html(table).encode(errors="replace"),
}
"""Writers by name."""
