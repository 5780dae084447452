"""The value of a swept parameter with the least ERT."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from bnnbench.errors import InputError
from bnnbench.metrics.optimal import VIRTUAL_BEST, optimal_parameter

INF = math.inf


def runs_of(times, solver="sa", problem="p"):
    """Return runs by value of ``sweeps``: seconds to the optimum each, None where it was not reached."""
    return [
        {
            "key": "x", "problem": problem, "problem_hash": problem, "formulation": "soft", "status": "ok",
            "solver": solver if value is None else f"{solver}[sweeps={value}]",
            "parameters": json.dumps({} if value is None else {"sweeps": value}), "versions": "{}", "optimum": 2.0,
            "time_to_target_s": time, "sample_s": 5.0, "budget_seconds": 5.0, "budget_reads": None,
        }
        for value, seconds in times.items()
        for time in seconds
    ]  # fmt: skip


def table(*rows):
    frame = optimal_parameter(pd.DataFrame([one for part in rows for one in part]), "sweeps")
    return frame.set_index(["problem", "solver"])


SWEPT = {1: [4.0, None, None], 10: [1.0, 1.2, 1.1], 100: [3.0, 3.1, 2.9]}


def test_the_best_value_lies_inside_the_range():
    row = table(runs_of(SWEPT)).loc[("p", "sa")]
    assert (row["best"], row["ert_s"], row["at_end"]) == ("10", pytest.approx(1.1), "")
    assert 0 < row["ert_s_low"] < 1.1 < row["ert_s_high"] < INF


@pytest.mark.parametrize(("values", "end"), [((10, 100), "least"), ((1, 10), "greatest"), ((9, 10), "greatest")])
def test_a_best_value_at_the_end_of_the_range_is_flagged(values, end):
    swept = {value: SWEPT.get(value, [4.0]) for value in values}
    assert table(runs_of(swept)).loc[("p", "sa"), "at_end"] == end


def test_numbers_are_sorted_by_value_and_not_as_text():
    swept = {2: [3.0], 10: [1.0], 100: [2.0]}
    assert table(runs_of(swept)).loc[("p", "sa"), "at_end"] == ""


def test_the_virtual_best_is_the_best_solver_of_each_problem():
    found = table(
        runs_of(SWEPT), runs_of({None: [2.0]}, "zephyr"), runs_of(SWEPT, problem="q"),
        runs_of({None: [0.5]}, "zephyr", "q"),
    )  # fmt: skip
    assert found.loc[("p", VIRTUAL_BEST), "best"] == "sa"
    assert found.loc[("q", VIRTUAL_BEST), ["best", "ert_s"]].tolist() == ["zephyr", 0.5]
    assert [solver for _, solver in found.index] == ["sa", "zephyr", VIRTUAL_BEST] * 2


def test_what_no_value_reaches_has_a_lower_bound_alone():
    row = table(runs_of({1: [None, None], 10: [None]})).loc[("p", "sa")]
    assert (row["best"], row["ert_s"], row["ert_s_high"], row["at_end"]) == ("", INF, INF, "")
    assert 0 < row["ert_s_low"] < INF


def test_a_parameter_that_nobody_swept_is_refused():
    with pytest.raises(InputError, match="no solver was run with several values of 'sweeps'"):
        table(runs_of({1: [1.0]}))


def test_the_interval_holds_the_least_ert_as_often_as_it_claims():
    """Three values with ERTs of 1.5, 1.7 and 3.3 s, of which the best is chosen."""
    generator = np.random.default_rng(5)
    chances = {1: 0.5, 2: 0.45, 3: 0.25}
    truth = min(0.5 + (1 - p) / p for p in chances.values())

    def holds():
        draw = {v: [0.5 if generator.random() < p else None for _ in range(12)] for v, p in chances.items()}
        rows = [row | {"sample_s": 1.0, "budget_seconds": 1.0} for row in runs_of(draw)]
        found = table(rows).loc[("p", "sa")]
        return found["ert_s_low"] <= truth <= found["ert_s_high"]

    assert np.mean([holds() for _ in range(60)]) >= 0.88
