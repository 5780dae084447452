"""A published study: a folder of results, its problems by class, and who leads in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import is_floor, summarize
from bnnbench.metrics.averages import LEAST_VALUES
from bnnbench.metrics.censoring import was_asked
from bnnbench.metrics.labels import entrants, natural
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import solver_class
from bnnbench.report.title import suite_title
from bnnbench.store.file import FILE, PUBLISHED
from bnnbench.store.parquet import open_results
from bnnbench.store.published import has_published
from bnnbench.store.store import Store
from bnnbench.tables.build import SUMMARY_COLUMNS
from bnnbench.tables.table import Cell, Column, Table

COVER = "solved_by_cell.svg"
"""The picture that a study opens with, where it has it."""

RANKED = ("ert_s", "solved_share", "loss_gap", "mean_loss_gap")
"""Columns of a leaderboard: the first ranks, the next ones decide between equals."""


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Solvers and formulations on one class of problems, the best first."""

    name: str
    num_problems: int
    headers: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    """Label of the solver, without parameters, and its cells."""
    leader: str
    leading_ert: str
    leading_gap: str
    """What the leader's best read leaves above the optimum, in the median; empty where its ERT is finite."""
    is_trivial: bool
    """Whether random settings solve all of its problems."""

    @property
    def is_small(self) -> bool:
        """Tell whether the problems are too few for an interval over them."""
        return self.num_problems < LEAST_VALUES


@dataclass(frozen=True, eq=False)
class Study:
    """A folder of results."""

    name: str
    title: str
    """What it asks, in the words of its suite; empty if the suite has none."""
    runs: pd.DataFrame
    pictures: Sequence[Path]

    @property
    def cover(self) -> str:
        """Return the name of the picture that tells the study at a glance; empty if there is none."""
        return next((path.name for path in self.pictures if path.name == COVER), "")

    @cached_property
    def boards(self) -> list[Leaderboard]:
        """Return a leaderboard per class of problems, in natural order."""
        classes = self.runs.groupby(problem_class(self.runs), sort=False)
        return [leaderboard(str(name), part) for name, part in sorted(classes, key=lambda item: natural(str(item[0])))]

    @property
    def weight(self) -> tuple[bool, int]:
        """Return what orders studies: the one with a cover first, then those that rank solvers on most classes."""
        return bool(self.cover), sum(not board.is_trivial for board in self.boards)

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Return name, network, samples and optimum of each problem."""
        names = ["problem", "network", "num_samples", "optimum", "truth_kind"]
        rows = self.runs.drop_duplicates("problem_hash")[names]
        return sorted(({str(k): v for k, v in row.items()} for row in rows.to_dict("records")), key=_by_name)


def _by_name(row: dict[str, Any]) -> Any:
    return natural(str(row["problem"]))


def problem_class(runs: pd.DataFrame) -> pd.Series:
    """Return the class of each run's problem: rung and cell of its set where it has them, or its network."""
    name = runs["network"].fillna("unknown network").astype(str)
    for column in ("cell", "rung"):
        if column in runs:
            known = runs[column].notna() & (runs[column] != "")
            text = runs[column].astype(str)
            name = (text if column == "cell" else text + ": " + name).where(known, name)
    return name.rename("class")


def leaderboard(name: str, runs: pd.DataFrame) -> Leaderboard:
    """Return the ranking of solvers and formulations on some runs.

    Ranked by the median over problems of the expected running time (ERT), then by the share of solved runs, then by
    the loss of the best read above the optimum, then by that of a read. Simulated quantum algorithms come after all
    others, as their time is that of a simulation. Solvers that were not asked are left out.
    """
    data = summarize(runs, with_intervals=True)
    data = data[data["runs"] > 0]
    data = data.assign(simulated=data["solver"].map(is_simulation))
    data = data.sort_values(["simulated", *RANKED], ascending=[True, True, False, True, True], kind="stable")
    data = data.reset_index(drop=True)
    columns = [
        Column("solver", "solver", kind="text"),
        SUMMARY_COLUMNS["ert_s"],
        Column("formulation", "formulation", kind="text"),
        *(SUMMARY_COLUMNS[column] for column in (*RANKED[1:], "runs")),
    ]
    table = Table("leaderboard", name, "", "", tuple(columns), data)
    cells = list(zip(*(table.cells(column) for column in columns), strict=True))
    gaps = table.cells(SUMMARY_COLUMNS["loss_gap"])
    floor = runs[is_floor(runs) & was_asked(runs)]
    return Leaderboard(
        name,
        runs["problem_hash"].nunique(),
        [column.title for column in columns],
        [(str(label).partition("[")[0], row) for label, row in zip(data["solver"], cells, strict=True)],
        entrants(data)[0] if len(data) else "nobody",
        cells[0][1].text if cells else "–",
        gaps[0].text if cells and not isfinite(data["ert_s"][0]) else "",
        bool(len(floor)) and bool((floor["loss_gap"] == 0).all()),
    )


def is_simulation(label: str) -> bool:
    """Return whether the solver of a label simulates a quantum algorithm; no solver that is not here does."""
    name = label.partition("[")[0]  # of labels with a budget or versions behind them, too
    return name in entries("solver") and solver_class(name).paradigm == "Quantum Simulator"


def read_studies(results: Path) -> Iterator[Study]:
    """Yield the studies of a folder: each folder in it that holds results, in the order of their names.

    Raises
    ------
    InputError
        If there are none.
    """
    is_empty = True
    for folder in sorted(path for path in results.iterdir() if path.is_dir()) if results.is_dir() else ():
        if not ((folder / FILE).is_file() or (folder / PUBLISHED).is_file() or has_published(folder)):
            continue
        with open_results(folder) as found:
            runs = found.runs()
            suites = found.suites() if isinstance(found, Store) else []
        if len(runs):
            is_empty = False
            yield Study(folder.name, suite_title(suites), runs, sorted(folder.glob("*.svg")))
    if is_empty:
        raise InputError(f"{results} has no folder with results; give the folder above them, such as results.")
