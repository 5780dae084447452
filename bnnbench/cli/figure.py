"""The verb that draws a figure for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bnnbench.charts import read_plot_data, save_chart
from bnnbench.charts.draw import check_format
from bnnbench.charts.plot_data import selected
from bnnbench.cli._options import Names, Results, not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.figures import load_figure
from bnnbench.store.output import refuse_to_overwrite
from bnnbench.store.store import read_store

BEGINNINGS = {".pdf": b"%PDF-1.4", ".svg": b"<?xml ve", ".png": b"\x89PNG\r\n\x1a\n"}
"""How a file of each kind begins."""


def figure(
    results: Results,
    name: Annotated[
        str, typer.Argument(help="A name, see bnnbench list figures, or the path of a file ending in .py.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", callback=not_a_dash, help="A .pdf, .svg or .png file to write.")
    ],
    width: Annotated[
        Literal["article", "column", "page"],
        typer.Option(help="Width of an article's line (4.77 inches), of a column (3.4) or of a page of two (7.0)."),
    ] = "page",
    solver: Annotated[Names, typer.Option(help="Only this solver, as the table calls it; repeatable.")] = None,
    problem: Annotated[Names, typer.Option(help="Only this problem; repeatable.")] = None,
    formulation: Annotated[Names, typer.Option(help="Only this formulation; repeatable.")] = None,
) -> None:
    """Draw a figure for a paper, and print its caption."""
    check_drawing(output)
    make_chart = load_figure(name)
    with read_store(results) as store:
        data = read_plot_data(store)
    chart = make_chart(selected(data, problems=problem or (), formulations=formulation or (), solvers=solver or ()))
    save_chart(chart, output, width=width)
    open_screen().say(f"{output}: {chart.title}. {chart.caption}")


def check_drawing(path: Path) -> None:
    """Raise `InputError` if no drawing can be written to a path, before there is one."""
    check_format(path)
    refuse_to_overwrite(path, BEGINNINGS[path.suffix.lower()])
