"""Rungs: how hard the cells of a set of problems are, by a rule on the runs of a pilot.

The pilot runs direct solvers on the tune split. The rate of success of a solver is the number of its runs that reached
the optimum, over the seconds of processor time that all of them sampled for: the inverse of the expected running time
with restarts. Processor time, since a pilot may share its machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from bnnbench.errors import InputError, restated
from bnnbench.optimum.shipped import set_files

if TYPE_CHECKING:
    import pandas as pd

Rung = Literal["trivial", "easy", "hard", "open"]
RUNGS: tuple[Rung, ...] = get_args(Rung)
TRIVIAL = 0.5
"""Share of instances that a floor solves in `GUESSES` reads, from which on a cell is trivial."""
GUESSES = 1000
EASY = 10.0
"""Successes per second of the best solver from which on a cell is easy."""
PILOT = ("cell", "solver", "is_floor", "instances", "runs", "solved", "seconds", "num_reads")
"""Columns of the table of a pilot, see `pilot_table`."""


def pilot_path(set_path: Path) -> Path:
    """Return the path of the table of a set's pilot: ``NAME_pilot.csv`` beside ``NAME.toml``."""
    return set_path.with_name(f"{set_path.stem}_pilot.csv")


def pilot_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a pilot from its runs.

    Parameters
    ----------
    runs
        A row per run, see `bnnbench.store.store.Store.runs`, with the column ``cell``. Runs that were not asked do
        not count; those that failed count as unsolved.

    Returns
    -------
    DataFrame
        A row per cell and solver: whether it guesses, how many instances and runs there were, how many runs reached the
        optimum, seconds of processor time and reads of all runs together.
    """
    asked = runs[runs["cell"].notna() & ~runs["status"].isin(["refused", "unavailable"])]
    asked = asked.assign(
        is_solved=(asked["status"] == "ok") & (asked["loss_gap"] <= 0),
        seconds=asked["cpu_s"].fillna(asked["sample_s"]).fillna(0.0),
    )
    table = asked.groupby(["cell", "solver"], sort=False).agg(
        is_floor=("is_floor", "max"),
        instances=("problem_hash", "nunique"),
        runs=("key", "count"),
        solved=("is_solved", "sum"),
        seconds=("seconds", "sum"),
        num_reads=("num_reads", "sum"),
    )
    return table.reset_index()[list(PILOT)]


def rungs_of(pilot: pd.DataFrame) -> dict[str, Rung]:
    """Return the rung of each cell.

    - ``trivial``: guessing `GUESSES` times solves at least `TRIVIAL` of the instances;
    - ``easy``: the best solver succeeds at least `EASY` times per second;
    - ``hard``: a solver succeeded, but less often;
    - ``open``: none did.
    """
    return {str(cell): _rung(rows) for cell, rows in pilot.groupby("cell", sort=False)}


def _rung(rows: pd.DataFrame) -> Rung:
    is_floor = rows["is_floor"].astype(bool)
    guesses = rows[is_floor & (rows["num_reads"] <= GUESSES * rows["runs"])]
    if ((guesses["solved"] >= TRIVIAL * guesses["runs"]) & (guesses["runs"] > 0)).any():
        return "trivial"
    if not rows["solved"].any():
        return "open"
    solved = rows[rows["solved"] > 0]
    return "easy" if (solved["solved"] >= EASY * solved["seconds"]).any() else "hard"


@cache
def installed_rungs(name: str) -> Mapping[str, Rung]:
    """Return the rungs of the cells of an installed set; nothing if there is none of the name."""
    paths = {path.stem: path for path in set_files(".toml")}
    return read_rungs(paths[name]) if name in paths else {}


def read_rungs(set_path: Path) -> Mapping[str, Rung]:
    """Return the rungs of the cells of a set, by the table of its pilot; nothing without a pilot.

    Raises
    ------
    InputError
        If the table is no such table.
    """
    return rungs_of(read_pilot(set_path))


def read_pilot(set_path: Path) -> pd.DataFrame:
    """Return the table of a set's pilot, see `pilot_table`; one without rows where there is no pilot.

    Raises
    ------
    InputError
        If the table is no such table.
    """
    import pandas as pd

    path = pilot_path(set_path)
    if not path.is_file():
        return pd.DataFrame(columns=list(PILOT))
    advice = f"); make it with bnnbench pilot RESULTS {set_path.stem}."
    with restated(InputError, f"{path} is no table of a pilot (", advice, OSError, ValueError, KeyError):
        return pd.read_csv(path)[list(PILOT)]


def pilot_guide(pilot: pd.DataFrame) -> str:
    """Return the table of a pilot in Markdown: a line per cell, with its rung and each solver's rate of success."""
    solvers = list(dict.fromkeys(pilot["solver"]))
    rungs = rungs_of(pilot)
    lines = [f"| cell | rung | {' | '.join(solvers)} |", "|---" * (2 + len(solvers)) + "|"]
    for cell, rows in pilot.groupby("cell", sort=False):
        told = {row["solver"]: _told(row["solved"], row["runs"], row["seconds"]) for row in rows.to_dict("records")}
        lines.append(f"| {cell} | {rungs[str(cell)]} | {' | '.join(told.get(one, '–') for one in solvers)} |")
    return "\n".join(lines) + "\n"


def _told(solved: int, runs: int, seconds: float) -> str:
    """Return solved runs of all, and how many there were per second."""
    return f"{solved} of {runs}" + (f", {solved / seconds:.2g}/s" if solved and seconds else "")
