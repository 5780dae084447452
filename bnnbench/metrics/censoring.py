"""Censoring: the worth of a run that failed, or was not asked, in a statistic; and tables of costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome

NOT_ASKED = ("refused", "unavailable")
"""Statuses of runs in which the question was not put to the solver."""
NEEDS = {column.name: column.needs for column in columns_of(Outcome)} | {"mean_loss_gap": "optimum"}
"""What the question of a column presupposes: nothing, a known optimum, or a sound formulation and a known optimum."""


def numbers(values: pd.Series) -> pd.Series:
    """Return floats, with NaN for None: a column in which every run failed has no numbers to tell pandas its type."""
    return pd.to_numeric(values).astype(float)


def was_asked(runs: pd.DataFrame) -> pd.Series:
    """Tell of each run whether the question was put to the solver."""
    return ~runs["status"].isin(NOT_ASKED)


def is_sound(runs: pd.DataFrame) -> pd.Series:
    """Tell of each run whether the ground energy of its instance is the optimal loss.

    A run that failed before its instance was compiled does not know; other runs of the problem and the formulation
    speak for it, or else those of the formulation.
    """
    sound = numbers(runs["is_sound"])
    for same in (["problem", "formulation"], ["formulation"]):
        sound = sound.fillna(sound.groupby([runs[name] for name in same], dropna=False).transform("max"))
    return sound == 1


def censored(runs: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as a cost, where less is better: infinite for failed runs, missing without a question.

    Infinite (right-censored): runs with a status other than ``ok`` that were asked, whatever they had found; and
    values that a run of status ``ok`` does not have, such as the time to a target that it never reached.

    Missing: runs that were refused or unavailable; gaps and times to the optimum where no optimum is known; energy
    gaps where the formulation is not sound, as its ground energy need not be the optimal loss.

    Parameters
    ----------
    runs
        As `bnnbench.store.store.Store.runs` gives them.
    column
        A column of theirs in which less is better, or ``mean_loss_gap``: mean_loss − optimum.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if column != "mean_loss_gap" and column not in runs:
        raise InputError(f"metrics: the runs have no column {column!r}; see docs/columns.md.")
    if column == "mean_loss_gap":
        values = numbers(runs["mean_loss"]) - numbers(runs["optimum"])
    else:
        values = numbers(runs[column])
    values = values.where(runs["status"] == "ok", math.inf).fillna(math.inf)
    has_answer = was_asked(runs)
    if NEEDS.get(column) in ("optimum", "sound"):
        has_answer &= runs["optimum"].notna()
    if NEEDS.get(column) == "sound":
        has_answer &= is_sound(runs)
    return values.where(has_answer).rename(column)


def cost_table(
    runs: pd.DataFrame, column: str, rows: Sequence[str] = ("problem", "formulation"), columns: str = "solver"
) -> pd.DataFrame:
    """Return costs: a row per problem and formulation, a column per solver, each the median over repetitions.

    The median counts failed runs as infinite, see `censored`; of an even number of runs of which half failed it is
    infinite. Missing: the solver was never asked there, or the question has no answer. Use
    `bnnbench.metrics.disambiguated` before, where runs of one label differ in budget or parameters.

    Parameters
    ----------
    column
        As in `censored`.
    rows, columns
        What stands in the rows (a list of columns of `runs`), and in the columns.
    """
    keyed = runs.assign(**{column: censored(runs, column)}).groupby([*rows, columns], dropna=False)
    return keyed[column].median().unstack(columns)  # noqa: PD010  a table of costs has one value column
