"""The verb that prints the table of results."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bnnbench.cli._options import Names, Results, listed
from bnnbench.cli._screen import count_runs, open_screen
from bnnbench.errors import as_word
from bnnbench.metrics import disambiguated, summarize
from bnnbench.metrics.labels import chosen
from bnnbench.metrics.optimal import best_settings
from bnnbench.metrics.summary import solved_of_known
from bnnbench.store.parquet import name_of, open_results
from bnnbench.tables.rounding import DASH
from bnnbench.tables.terminal import flag_lines, print_optimal, print_table


def show(
    results: Results,
    *,
    by: Annotated[
        Literal["solver", "problem", "loss"],
        typer.Option(help="A row per solver, per problem and solver, or per loss and solver."),
    ] = "solver",
    columns: Annotated[
        str | None, typer.Option(help="Columns to print, by heading or name, in this order: ERT,mean read")
    ] = None,
    solver: Annotated[Names, typer.Option(help="Only this solver, as the table calls it; repeatable.")] = None,
    optimal: Annotated[
        Names,
        typer.Option(
            help="Of a parameter that was swept, print the value with the least time to the optimum; repeatable."
        ),
    ] = None,
) -> None:
    """Print the table of results."""
    with open_results(results) as found:
        runs = found.runs()
    screen = open_screen()
    if runs.empty:
        screen.say(f"{results} holds no runs yet; run: bnnbench run SUITE --out {as_word(results)}")
        return
    runs = disambiguated(runs)
    if solver:
        runs = runs[runs["solver"].isin(chosen(list(runs["solver"].unique()), solver, f"{results} has no solver"))]
    if optimal:
        print_optimal(best_settings(runs, *optimal), optimal, screen)
        return
    first = {"solver": (), "problem": ("problem",), "loss": ("loss_name",)}[by]
    keys = (*first, "formulation", "solver")
    table = summarize(runs, by=keys, with_intervals=True)
    table["solved"] = [text or DASH for text in solved_of_known(table, runs, keys)]
    print_table(table, screen, title=f"{name_of(results)}: {count_runs(len(runs))}", columns=listed(columns))
    for line in flag_lines(runs):
        screen.say(line)
