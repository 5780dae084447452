"""Two folders of results side by side: the same solvers, or others, on the problems that both have."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import compare_pair, cost_table, disambiguated, expected_running_time, holm
from bnnbench.metrics.censoring import NEEDS, numbers
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.paired import effect_size
from bnnbench.metrics.running_time import ERTS
from bnnbench.metrics.summary import with_works_on
from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome

FEWEST = 6
"""Problems from which on a difference can be significant: with five, p is at least 1/16."""
GAINS = frozenset(column.name for column in columns_of(Outcome) if column.is_gain)
"""Columns in which more is better."""


EFFECT = ("effect", "effect_low", "effect_high")


def is_ratio(column: str) -> bool:
    """Tell whether values of a column differ by factors, as times do."""
    return column.endswith("_s") or column in ERTS


def needs_optimum(column: str) -> bool:
    """Tell whether values of a column are counted from the optimum, or from the best known loss."""
    return column in ERTS or NEEDS.get(column) in ("optimum", "sound")


def other_references(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the problems that both have and count from another loss, as where both know a best loss but no optimum.

    Columns: ``problem``, ``first`` and ``second``, the losses that they count from; the index is ``problem_hash``.
    """
    if not all({"problem_hash", "optimum"} <= set(runs) for runs in (first, second)):
        return pd.DataFrame(columns=["problem", "first", "second"])
    known = (runs.dropna(subset="optimum").groupby("problem_hash")[["problem", "optimum"]].first()
             for runs in (first, second))  # fmt: skip
    one, other = known
    both = one.rename(columns={"optimum": "first"}).join(other["optimum"].rename("second"), how="inner")
    return both[both["first"] != both["second"]]


def compare_runs(first: pd.DataFrame, second: pd.DataFrame, column: str = "loss_gap") -> pd.DataFrame:
    """Compare each solver of the first results with each of the second, per formulation, over common problems.

    A problem's cost is the median over repetitions, see `bnnbench.metrics.cost_table`, or with a name of `ERTS` its
    `bnnbench.metrics.expected_running_time`; of a column in which more is better, the negative. Problems are the same
    if their content is, equal and opposite samples merged. Columns: ``formulation``, ``first``, ``second``,
    ``works_on`` (what they read of an instance; two words where they differ), ``problems`` (in common, where both were
    asked), ``first_median`` and ``second_median`` (of the column over these), ``first_better``, ``second_better``,
    ``equal`` (numbers of problems), ``effect``, ``effect_low``, ``effect_high`` (how much more the first has than the
    second, as a factor of times and as a difference of all else, see `bnnbench.metrics.paired.effect_size`), ``p`` of
    Wilcoxon's signed-rank test, and ``p_holm``, corrected for all rows of the table that have `FEWEST` problems or
    more; missing in the others.

    Solvers that both have under one name are compared with each other only; a solver that only one has is compared with
    all of the other.

    Of a column that counts from the optimum, problems are left out that the two count from different losses, see
    `other_references`.

    Raises
    ------
    InputError
        If the results have no problem and formulation in common.
    """
    key = problem_key(first, second)
    others = other_references(first, second)
    if needs_optimum(column) and len(others):
        first, second = (runs[~runs["problem_hash"].isin(others.index)] for runs in (first, second))
        if first.empty or second.empty:
            raise InputError(
                "these results count from different best known losses on every problem; unite them with bnnbench "
                "merge, which measures all runs against the better one."
            )
    costs = [_costs(disambiguated(runs), column, key) for runs in (first, second)]
    common = costs[0].index.intersection(costs[1].index)
    if common.empty:
        raise InputError(
            "these results have no problem with a formulation in common; run the same suite, or --problem and "
            "--formulation as the other results have them."
        )
    rows = []
    for formulation in common.get_level_values("formulation").unique():
        chosen = common[common.get_level_values("formulation") == formulation]
        pairs = _pairs(costs[0].reindex(chosen), costs[1].reindex(chosen), column)
        rows += [{"formulation": formulation, **row} for row in pairs]
    if not rows:
        raise InputError(
            "on the problems that both of these results have, no two solvers have a value to compare: they were not "
            "asked, or no optimum is known; see their remarks with bnnbench show."
        )
    columns = [
        "formulation", "first", "second", "problems", "first_median", "second_median", "first_better", "second_better",
        "equal", *EFFECT, "p",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(3, "works_on", _works_on(frame, first, second))
    return frame.assign(p_holm=holm(frame["p"].astype(float).where(frame["problems"] >= FEWEST)))


def _works_on(frame: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    """Return for each row what its two solvers read of an instance."""
    sides = [
        with_works_on(frame[[name]].set_axis(["solver"], axis="columns"), disambiguated(runs))["works_on"]
        for name, runs in (("first", first), ("second", second))
    ]
    return [one if one == other else f"{one or '?'}, {other or '?'}" for one, other in zip(*sides, strict=True)]


def _costs(runs: pd.DataFrame, column: str, key: str) -> pd.DataFrame:
    """Return a row per formulation and problem, and a column per solver; less is better."""
    rows = ["formulation", key]
    if column not in ERTS:
        signed = runs.assign(**{column: -numbers(runs[column])}) if column in GAINS else runs
        return cost_table(signed, column, rows=rows)
    return expected_running_time(runs, [*rows, "solver"], column)[column].unstack("solver")  # noqa: PD010  one column


def _pairs(first: pd.DataFrame, second: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    shared = set(first) & set(second)
    sign = -1 if column in GAINS else 1
    rows = []
    for one in map(str, first.dropna(axis="columns", how="all")):
        for other in map(str, second.dropna(axis="columns", how="all")):
            if one != other and {one, other} & shared:
                continue
            both = pd.DataFrame({"first": first[one], "second": second[other]})
            found = compare_pair(both, "first", "second")
            asked = both.dropna()
            medians = {f"{name}_median": sign * asked[name].median() for name in ("first", "second")}
            effects = sorted(sign * end for end in effect_size(both, "first", "second", is_ratio=is_ratio(column)))
            effect = dict(zip(EFFECT, (effects[1], effects[0], effects[2]), strict=True))
            rows.append({**found, **medians, **effect, "first": one, "second": other})
    return rows
