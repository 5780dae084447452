"""The value of a swept parameter with the least ERT."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from bnnbench.errors import InputError
from bnnbench.metrics.optimal import VIRTUAL_BEST, Costs, best_settings, least_median, virtual_best
from bnnbench.metrics.running_time import Spent, ert_draws

INF = math.inf


def runs_of(times, solver="sa", problem="p"):
    """Return runs by value of ``sweeps``: seconds to the optimum each, None where it was not reached."""
    return [
        {
            "key": "x", "problem": problem, "problem_hash": problem, "formulation": "soft", "status": "ok",
            "solver": solver if value is None else f"{solver}[sweeps={value}]",
            "parameters": json.dumps({} if value is None else {"sweeps": value}), "versions": "{}", "optimum": 2.0,
            "time_to_target_s": time, "sample_s": 5.0, "budget_seconds": 5.0, "budget_reads": None,
            "num_reads": 10, "loss_successes": 0 if time is None else 5,
        }
        for value, seconds in times.items()
        for time in seconds
    ]  # fmt: skip


def table(*rows):
    frame = best_settings(pd.DataFrame([one for part in rows for one in part]), "sweeps")
    return frame.set_index(["group", "solver"])


SWEPT = {1: [4.0, None, None], 10: [1.0, 1.2, 1.1], 100: [3.0, 3.1, 2.9]}


def test_the_best_value_lies_inside_the_range():
    row = table(runs_of(SWEPT)).loc[("p", "sa")]
    assert (row["ert_s_setting"], row["ert_s"], row["ert_s_end"]) == ("sweeps=10", pytest.approx(1.1), "")
    assert 0 < row["ert_s_low"] < 1.1 < row["ert_s_high"] < INF


@pytest.mark.parametrize(("values", "end"), [((10, 100), "least"), ((1, 10), "greatest"), ((9, 10), "greatest")])
def test_a_best_value_at_the_end_of_the_range_is_flagged(values, end):
    swept = {value: SWEPT.get(value, [4.0]) for value in values}
    assert table(runs_of(swept)).loc[("p", "sa"), "ert_s_end"] == end


def test_numbers_are_sorted_by_value_and_not_as_text():
    swept = {2: [3.0], 10: [1.0], 100: [2.0]}
    assert table(runs_of(swept)).loc[("p", "sa"), "ert_s_end"] == ""


def test_the_virtual_best_of_all_runs_takes_the_fastest_way_of_each_problem():
    one, other = runs_of({1: [4.0], 10: [1.0]}, problem="p"), runs_of({1: [2.0], 10: [8.0]}, problem="q")
    never = runs_of({1: [None], 10: [None]}, problem="r")

    assert virtual_best(pd.DataFrame([*one, *other])) == 1.5, "the median of 1 s and 2 s"
    assert virtual_best(pd.DataFrame([*one, *other, *never])) == 2.0
    assert virtual_best(pd.DataFrame(never)) == INF


def test_the_virtual_best_is_the_best_solver_of_each_problem():
    found = table(
        runs_of(SWEPT), runs_of({None: [2.0]}, "zephyr"), runs_of(SWEPT, problem="q"),
        runs_of({None: [0.5]}, "zephyr", "q"),
    )  # fmt: skip
    assert found.loc[("p", VIRTUAL_BEST), "ert_s_setting"] == "sa"
    assert found.loc[("q", VIRTUAL_BEST), ["ert_s_setting", "ert_s"]].tolist() == ["zephyr", 0.5]
    assert [solver for _, solver in found.index] == ["sa", "zephyr", VIRTUAL_BEST] * 2


def test_what_no_value_reaches_has_a_lower_bound_alone():
    row = table(runs_of({1: [None, None], 10: [None]})).loc[("p", "sa")]
    assert (row["ert_s_setting"], row["ert_s"], row["ert_s_high"], row["ert_s_end"]) == ("", INF, INF, "")
    assert 0 < row["ert_s_low"] < INF


def test_a_parameter_that_nobody_swept_is_refused():
    with pytest.raises(InputError, match="no solver was run with several values of 'sweeps'"):
        table(runs_of({1: [1.0]}))


def drawn_costs(generator, num_settings, num_problems, num_runs):
    """Costs of settings that are alike: each run lasts 1 s if it fails, else 0 s; ERTs of 1 s in the median problem."""
    hardness = np.exp(generator.normal(size=num_problems)) if num_problems > 1 else np.ones(1)
    costs = []
    for _ in range(num_settings):
        solved = generator.random((num_problems, num_runs)) < 1 / (1 + hardness[:, None])
        runs = [Spent(np.where(row, 0.0, 1.0), row, 1.0) for row in solved]
        draws = [ert_draws(own, int(generator.integers(2**31))) for own in runs]
        costs.append(Costs(np.array([own.ert_s for own in runs]), np.array(draws)))
    return costs


def test_the_interval_holds_the_least_ert_although_it_was_chosen_among_equals():
    """Five settings of ERT 1 s: choosing anew in each resample holds it in a third of the cases, see the last line."""
    generator = np.random.default_rng(5)
    cases = [drawn_costs(generator, 5, 1, 10) for _ in range(60)]

    ends = [least_median(costs)[1][1:] for costs in cases]
    naive = [np.quantile(np.min([cost.median_draws for cost in costs], axis=0), 0.975) for costs in cases]

    assert np.mean([low <= 1 <= high for low, high in ends]) >= 0.9
    assert np.mean([high >= 1 for high in naive]) < 0.6


def test_settings_are_chosen_for_a_group_of_problems_and_not_for_each():
    """On p 10 sweeps are best and on q 100, but 30 are near both: the median over the problems is that of 30."""
    swept = {"p": {10: [1.0], 30: [1.5], 100: [9.0]}, "q": {10: [9.0], 30: [1.5], 100: [1.0]}}
    rows = [row for problem, times in swept.items() for row in runs_of(times, problem=problem)]
    runs = pd.DataFrame(rows).assign(network="3-1", num_samples=4, loss_name="zero_one")

    found = best_settings(runs).set_index("solver").loc["sa"]

    assert (found["group"], found["problems"], found["settings"]) == ("3-1 N4", 2, 3)
    assert (found["ert_s_setting"], found["ert_s"], found["virtual_s"]) == ("sweeps=30", 1.5, 1.0)
    assert (found["ert_s_low"], found["ert_s_high"]) == (-INF, INF), "two problems have no interval"


def test_several_parameters_are_one_setting_and_ends_have_their_names():
    runs = pd.DataFrame(runs_of({1: [3.0], 10: [1.0, 2.0]}))
    runs["parameters"] = ['{"sweeps": 1, "reads": 5}', '{"sweeps": 10, "reads": 1}', '{"sweeps": 10, "reads": 5}']

    row = best_settings(runs).iloc[0]

    assert (row["solver"], row["ert_s_setting"]) == ("sa", "sweeps=10, reads=1")
    assert row["ert_s_end"] == "sweeps: greatest, reads: least"


def test_solvers_that_differ_in_another_parameter_than_the_one_asked_for_stand_apart():
    runs = pd.DataFrame(runs_of({1: [3.0], 10: [1.0, 2.0]}))
    runs["parameters"] = ['{"sweeps": 1, "reads": 5}', '{"sweeps": 10, "reads": 1}', '{"sweeps": 10, "reads": 5}']

    rows = best_settings(runs, "sweeps").set_index("solver")

    assert rows.loc[["sa, reads=1", "sa, reads=5"], "settings"].tolist() == [1, 2]


def test_two_parameters_are_chosen_together():
    runs = pd.DataFrame(runs_of({1: [3.0], 10: [1.0, 2.0]}))
    runs["parameters"] = ['{"sweeps": 1, "reads": 5}', '{"sweeps": 10, "reads": 1}', '{"sweeps": 10, "reads": 5}']

    row = best_settings(runs, "sweeps", "reads").set_index("solver").loc["sa"]

    assert (row["settings"], row["ert_s_setting"]) == (3, "sweeps=10, reads=1")
    assert row["ert_s_end"] == "sweeps: greatest, reads: least"
    with pytest.raises(InputError, match="no solver was run with several values of 'beta'"):
        best_settings(runs, "sweeps", "beta")


def test_the_best_setting_by_reads_may_be_another_one():
    """Five of 1,000 reads in 5 s are worth less than five of ten in 5 s, though the first of them came sooner."""
    runs = pd.DataFrame(runs_of({1: [1.0], 10: [4.0]})).assign(num_reads=[1000, 10])

    row = best_settings(runs).iloc[0]

    assert (row["ert_s_setting"], row["tts_s_setting"]) == ("sweeps=1", "sweeps=10")
    assert row["tts_s"] == pytest.approx(0.5 * math.log(0.01) / math.log(0.5))
