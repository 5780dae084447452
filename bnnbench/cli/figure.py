"""The verb that draws a figure for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bnnbench.cli._options import Names, Results
from bnnbench.cli._screen import open_screen
from bnnbench.figures import make_chart
from bnnbench.figures.draw import save_chart
from bnnbench.figures.evidence import read_evidence, selected
from bnnbench.store.store import read_store


def figure(
    results: Results,
    name: Annotated[
        Literal[
            "gap_over_time", "gap_by_problem", "success_by_size", "tts_by_size", "profile", "formulations",
            "penalty_sweep", "embedding_overhead", "landscape", "network_diagram",
        ],
        typer.Argument(help="What to draw."),
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .pdf, .svg or .png file to write.")],
    width: Annotated[
        Literal["column", "page"], typer.Option(help="Width of a column (3.4 inches) or of a page of two (7.0).")
    ] = "page",
    solver: Annotated[Names, typer.Option(help="Only this solver, as the table calls it; repeatable.")] = None,
    problem: Annotated[Names, typer.Option(help="Only this problem; repeatable.")] = None,
    formulation: Annotated[Names, typer.Option(help="Only this formulation; repeatable.")] = None,
) -> None:  # fmt: skip
    """Draw a figure for a paper, and print its caption."""
    with read_store(results) as store:
        evidence = read_evidence(store)
    part = selected(evidence, problems=problem or (), formulations=formulation or (), solvers=solver or ())
    chart = make_chart(name, part)
    save_chart(chart, output, width=width)
    open_screen().say(f"{output}: {chart.title}. {chart.caption}")
