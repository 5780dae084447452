"""The verb that puts results beside others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.metrics.comparison import compare_runs
from bnnbench.store.parquet import name_of, open_results
from bnnbench.tables.rounding import plain
from bnnbench.tables.terminal import DASH


def compare(
    results: Annotated[Path, typer.Argument(help="Folder of results, such as results/mine.")],
    other: Annotated[Path, typer.Argument(help="Results to compare with, such as results/paper, or a runs.parquet.")],
    *,
    by: Annotated[
        Literal["loss_gap", "energy_gap", "time_to_target_s"], typer.Option(help="What is compared; less is better.")
    ] = "loss_gap",
) -> None:
    """Compare with other results on the problems that both have, with significance."""
    if results.resolve() == other.resolve():
        raise InputError(
            f"{results} and {other} are the same results; give others, such as the runs.parquet of that folder."
        )
    runs = {}
    for folder in (results, other):
        with open_results(folder) as found:
            runs[folder] = found.runs()
        if runs[folder].empty:
            raise InputError(f"{folder} holds no runs yet; run: bnnbench run SUITE --out {folder}")
    compared = compare_runs(runs[results], runs[other], by)

    def text(value: float) -> str:
        return DASH if value != value else plain(value)  # noqa: PLR0124  NaN

    names = [name_of(results), name_of(other)]
    if names[0] == names[1]:
        names = [f"{names[0]}, first", f"{names[1]}, second"]
    headers = ["formulation", names[0], names[1], "problems", *(f"{HEADERS[by]} ({n})" for n in names)]
    headers += [f"better: {names[0]}", f"better: {names[1]}", "equal", "p", "p (Holm)"]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, header in enumerate(headers):
        table.add_column(Text(header), justify="left" if place < 3 else "right", overflow="fold")
    for row in compared.to_dict("records"):
        counts = [str(row[name]) for name in ("first_better", "second_better", "equal")]
        medians = [text(row["first_median"]), text(row["second_median"])]
        cells = [row["formulation"], row["first"], row["second"], str(row["problems"]), *medians, *counts]
        is_clear = row["p_holm"] <= ALPHA
        shown = [*cells, text(row["p"]), text(row["p_holm"])]
        table.add_row(*[Text(str(cell), "bold" if is_clear else "") for cell in shown])
    screen = open_screen()
    screen.print(table)
    screen.print(
        "Wilcoxon's signed-rank test over problems, two-sided, exact up to 100 problems; a problem's cost is the "
        "median over repetitions, failed runs infinite. Bold: p corrected by Holm for "
        f"{len(compared)} comparisons is at most {ALPHA}. Fewer than six problems cannot be significant.",
    )


HEADERS = {
    "loss_gap": "median loss gap [loss]",
    "energy_gap": "median energy gap [loss]",
    "time_to_target_s": "median time to optimum [s]",
}
ALPHA = 0.05
"""Level of significance, of the whole table."""
