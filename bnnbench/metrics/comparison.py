"""Two folders of results side by side: the same solvers, or others, on the problems that both have."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics import compare_pair, cost_table, disambiguated, expected_running_time, holm


def compare_runs(first: pd.DataFrame, second: pd.DataFrame, column: str = "loss_gap") -> pd.DataFrame:
    """Compare each solver of the first results with each of the second, per formulation, over common problems.

    A problem's cost is the median over repetitions, see `bnnbench.metrics.cost_table`, or with the column ``ert_s`` its
    `bnnbench.metrics.expected_running_time`; problems are the same if their
    content is. Columns: ``formulation``, ``first``, ``second``, ``problems`` (in common, where both were asked),
    ``first_median`` and ``second_median`` (of the cost over these), ``first_better``, ``second_better``, ``equal``
    (numbers of problems), ``p`` of Wilcoxon's signed-rank test, and ``p_holm``, corrected for all rows of the table.

    Solvers that both have under one name are compared with each other only; a solver that only one has is compared with
    all of the other.

    Raises
    ------
    InputError
        If the results have no problem and formulation in common.
    """
    costs = [_costs(disambiguated(runs), column) for runs in (first, second)]
    common = costs[0].index.intersection(costs[1].index)
    if common.empty:
        raise InputError(
            "these results have no problem with a formulation in common; run the same suite, or --problem and "
            "--formulation as the other results have them."
        )
    rows = []
    for formulation in common.get_level_values("formulation").unique():
        chosen = common[common.get_level_values("formulation") == formulation]
        pairs = _pairs(costs[0].reindex(chosen), costs[1].reindex(chosen))
        rows += [{"formulation": formulation, **row} for row in pairs]
    if not rows:
        raise InputError(
            "on the problems that both of these results have, no two solvers have a value to compare: they were not "
            "asked, or no optimum is known; see their remarks with bnnbench show."
        )
    columns = [
        "formulation", "first", "second", "problems", "first_median", "second_median", "first_better", "second_better",
        "equal", "p",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_holm=holm(frame["p"].astype(float)))


def _costs(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a row per formulation and problem, and a column per solver."""
    rows = ["formulation", "problem_hash"]
    if column != "ert_s":
        return cost_table(runs, column, rows=rows)
    return expected_running_time(runs, [*rows, "solver"])["ert_s"].unstack("solver")  # noqa: PD010  one value column


def _pairs(first: pd.DataFrame, second: pd.DataFrame) -> list[dict[str, Any]]:
    shared = set(first) & set(second)
    rows = []
    for one in map(str, first.dropna(axis="columns", how="all")):
        for other in map(str, second.dropna(axis="columns", how="all")):
            if one != other and {one, other} & shared:
                continue
            both = pd.DataFrame({"first": first[one], "second": second[other]})
            found = compare_pair(both, "first", "second")
            asked = both.dropna()
            medians = {"first_median": asked["first"].median(), "second_median": asked["second"].median()}
            rows.append({**found, **medians, "first": one, "second": other})
    return rows
