"""The verb that puts results beside others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.metrics.comparison import compare_runs
from bnnbench.store.parquet import name_of, open_results
from bnnbench.tables.rounding import DASH, plain
from bnnbench.tables.terminal import Field, print_sheet


def compare(
    results: Annotated[Path, typer.Argument(help="Folder of results, such as results/mine.")],
    other: Annotated[Path, typer.Argument(help="Results to compare with, such as results/paper, or a runs.parquet.")],
    *,
    by: Annotated[
        Literal["ert_s", "loss_gap", "energy_gap", "time_to_target_s"],
        typer.Option(help="What is compared; less is better."),
    ] = "ert_s",
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

    def text(value: float | str) -> str:
        return DASH if value != value else plain(value) if isinstance(value, float) else str(value)  # noqa: PLR0124  NaN

    names = [name_of(results), name_of(other)]
    if names[0] == names[1]:
        names = [f"{names[0]}, first", f"{names[1]}, second"]
    medians = [f"{HEADERS[by]} ({name})" for name in names]
    headers = ["formulation", *names, "problems", *medians, *(f"better: {name}" for name in names)]
    headers += ["equal", "p", "p (Holm)"]
    keys = ["formulation", "first", "second", "problems", "first_median", "second_median"]
    keys += ["first_better", "second_better", "equal", "p", "p_holm"]
    fields = {
        key: Field(header, [text(value) for value in compared[key].tolist()], is_text=place < 3, rank=RANKS.get(key))
        for place, (key, header) in enumerate(zip(keys, headers, strict=True))
    }
    cost = COSTS.get(by, "the median over repetitions, failed runs infinite")
    bold = [keys if p <= ALPHA else [] for p in compared["p_holm"]]
    screen = open_screen()
    print_sheet(fields, screen, bold=bold)
    screen.print(
        "Wilcoxon's signed-rank test over problems, two-sided, exact up to 100 problems; a problem's cost is "
        f"{cost}.{_machines(runs.values(), by)} Bold: p corrected by Holm for "
        f"{len(compared)} comparisons is at most {ALPHA}. Fewer than six problems cannot be significant.",
    )


def _machines(results: Iterable[Any], by: str) -> str:
    """Say if times are those of different processors."""
    models = {str(model) for runs in results for model in runs["cpu"].dropna()}
    is_mixed = len(models) > 1 and by.endswith("_s")
    return f" Times compare the machines too: {' and '.join(sorted(models))}." if is_mixed else ""


COSTS = {"ert_s": "the expected time to the optimum with restarts, infinite without a success"}
"""Costs that are no medians over repetitions."""
RANKS = {"equal": 10, "p": 20, "first_better": 30, "second_better": 31, "problems": 40}
"""Columns that a narrow table does without, the least rank first."""
HEADERS = {
    "ert_s": "median ERT [s]",
    "loss_gap": "median loss gap [loss]",
    "energy_gap": "median energy gap [loss]",
    "time_to_target_s": "median time to optimum [s]",
}
ALPHA = 0.05
"""Level of significance, of the whole table."""
