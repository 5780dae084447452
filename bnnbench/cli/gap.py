"""The verb that computes the spectral gap along an ideal quantum anneal, of the weights and of a QUBO side by side."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import Progress, TaskID

from bnnbench.annealer.transverse_field import SAME_COST, GapCurve, gap_curve
from bnnbench.charts import Chart, Panel, Series, save_chart
from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import Screen, open_screen, progress_bars
from bnnbench.cli.figure import check_drawing
from bnnbench.errors import InputError
from bnnbench.optimum.losses import all_losses
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import all_energies
from bnnbench.tables.sheet import print_rows

MAX_QUBITS = 20
"""A curve of 25 points takes about a minute at 20 qubits, and twice as long with each more."""


def gap(
    problem: Annotated[str, typer.Argument(help='Such as "parity[size=2,hidden=2]", or a .py file.')],
    *,
    formulation: Annotated[
        list[str] | None, typer.Option(help="A QUBO beside the weights, such as reduced; repeatable.")
    ] = None,
    points: Annotated[int, typer.Option(help="Points of each curve, before it is refined.", min=3, max=1000)] = 25,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", callback=not_a_dash, help="A .pdf, .svg or .png file to draw the curves in."),
    ] = None,
) -> None:
    """Compute the least gap along a linear anneal in a transverse field, and draw it beside the landscape."""
    if output:
        check_drawing(output)
    loaded = load_problem(problem)
    costs = {"weights": _losses(loaded)}
    for name in formulation or ():
        qubo = compile_problem(loaded, name).qubo
        _check_size(f"{loaded.name}, {name}", qubo.num_variables)
        costs[name] = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
    screen = open_screen()
    curves: dict[str, GapCurve] = {}
    with progress_bars(open_screen(stderr=True)) as progress:
        for name, values in costs.items():
            total = points + points // 2 + 1
            row = progress.add_task(name, total=total)
            curves[name] = gap_curve(values, num_points=points, on_point=partial(_advance, progress, row))
            _advance(progress, row, total)
    _print(screen, costs, curves)
    if output:
        save_chart(_chart(loaded, costs, curves), output)
        screen.say(f"written to {output}")


def _advance(progress: Progress, row: TaskID, done: int) -> None:
    progress.update(row, completed=done)


def _losses(problem: Problem) -> NDArray[np.float64]:
    """Return the loss of all weight settings."""
    _check_size(f"{problem.name}, weights", problem.network.num_weights)
    return all_losses(problem)


def _check_size(what: str, num_qubits: int) -> None:
    if num_qubits > MAX_QUBITS:
        raise InputError(
            f"{what}: {num_qubits} qubits are more than {MAX_QUBITS}; take a smaller network or fewer samples."
        )


def _print(screen: Screen, costs: dict[str, NDArray[np.float64]], curves: dict[str, GapCurve]) -> None:
    """Print a row per cost; energies in units of the largest coupling."""
    headings = ("cost", "qubits", "least gap [coupling]", "at s", "optima", "levels that end as optima")
    rows = [
        (
            name,
            str(len(costs[name]).bit_length() - 1),
            f"{curve.minimum:.4g}",
            f"{curve.at:.2f}",
            f"{_num_optima(costs[name]):,}",
            str(curve.num_ground_levels),
        )
        for name, curve in curves.items()
    ]
    print_rows(rows, headings, screen, numbers=headings[1:])


def _num_optima(values: NDArray[np.float64]) -> int:
    return int((values <= values.min() + SAME_COST).sum())


def _chart(problem: Problem, costs: dict[str, NDArray[np.float64]], curves: dict[str, GapCurve]) -> Chart:
    """Put the curves beside the number of states of each cost."""
    lines = tuple(
        Series(name, curve.fractions.tolist(), curve.gaps.tolist(), style)
        for style, (name, curve) in enumerate(curves.items())
    )
    panels = [Panel("Gap along the anneal", "s", "gap [coupling]", lines, log_y=True)]
    for style, (name, values) in enumerate(costs.items()):
        levels, counts = np.unique(np.round(values, 9), return_counts=True)
        series = Series("", levels.tolist(), counts.astype(float).tolist(), style, "points")
        panels.append(Panel(f"States of the {name}", "cost [loss]", "states", (series,), log_y=True))
    caption = (
        "Gap of H(s) = -(1 - s)/2 sum X + s/2 C/u between the ground state and the lowest level that does not end as "
        "an optimum, among the states that the start is coupled to; u is the largest coupling."
    )
    return Chart("gap", f"Spectral gap: {problem.name}", caption, tuple(panels))
