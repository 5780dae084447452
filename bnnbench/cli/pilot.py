"""The verb that tells the rungs of a set's cells from the runs of a pilot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import Results, not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.metrics.rungs import pilot_guide, pilot_table, read_pilot
from bnnbench.store.output import write_output
from bnnbench.store.parquet import open_results
from bnnbench.suite.problem_set import find_set


def pilot(
    results: Results,
    problem_set: Annotated[str, typer.Argument(help="Name or TOML file of the set that the pilot ran on.")] = "ladder",
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", callback=not_a_dash, help="Write the table (CSV): NAME_pilot.csv beside NAME.toml."
        ),
    ] = None,
) -> None:
    """Tell how hard the cells of a set are, by the rule of docs/sets.md, from the runs of its tune split.

    Cells that the results do not hold keep their rows of the table beside the set.
    """
    import pandas as pd

    found = find_set(problem_set)
    order = {cell.name: place for place, cell in enumerate(found.cells)}
    with open_results(results) as source:
        runs = source.runs()
    runs = runs[(runs["problem_set"] == found.name) & (runs["split"] == "tune") & runs["cell"].isin(list(order))]
    if runs.empty:
        raise InputError(f"{results} holds no runs on the tune split of the set {found.name}; run a pilot on it first.")
    table, known = pilot_table(runs), read_pilot(found.path)
    kept = known[known["cell"].isin(list(order)) & ~known["cell"].isin(table["cell"])]
    table = pd.concat([kept, table]) if len(kept) else table
    table = table.sort_values(by="cell", key=lambda cells: cells.map(order), kind="stable")
    if output:
        write_output(output, table.round({"seconds": 3}).to_csv(index=False).encode())
        open_screen(stderr=True).say(f"written to {output}")
    open_screen().say(pilot_guide(table).rstrip())
