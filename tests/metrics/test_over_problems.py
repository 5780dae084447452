"""Two levels of uncertainty: intervals over problems where there are several, over runs where there is one."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from bnnbench.metrics import level_of, pooled_share, success_probability, summarize
from bnnbench.metrics.over_problems import median_over_problems
from bnnbench.metrics.success import share_ends

GENERATOR = np.random.default_rng(11)


def share(successes, trials):
    return pooled_share(np.array(successes, dtype=float), np.array(trials, dtype=float))


def test_of_one_problem_the_interval_is_that_over_its_runs():
    assert share([3], [10]) == success_probability(3, 10)


def test_problems_that_are_all_or_nothing_count_as_one_run_each():
    got = share([5, 0, 5, 0, 5, 0], [5] * 6)

    variance = 6 / 5 * 6 * 2.5**2 / 30**2
    alike = 0.25 / variance * (student.ppf(0.975, 29) / student.ppf(0.975, 5)) ** 2
    assert got == pytest.approx((0.5, *share_ends(alike / 2, alike)))
    assert alike < 6
    assert got[2] - got[1] > 1.7 * (success_probability(15, 30)[2] - success_probability(15, 30)[1])


def test_without_a_success_each_problem_counts_once_so_that_repetitions_prove_nothing():
    assert share([0] * 6, [50] * 6) == (0.0, 0.0, 1 - 0.05 ** (1 / 6))
    assert share([50] * 6, [50] * 6) == (1.0, 0.05 ** (1 / 6), 1.0)


def test_alike_problems_are_worth_all_their_runs_but_for_what_few_problems_tell_of_it():
    _, low, high = share([2] * 40, [4] * 40)
    assert high - low == pytest.approx(success_probability(80, 160)[2] - success_probability(80, 160)[1], rel=0.05)


def test_a_median_is_over_problems_of_medians_over_runs():
    values = pd.Series([1.0, 2.0, 3.0, 10.0, 20.0, math.inf])
    problems = pd.Series(["a", "a", "a", "b", "b", "b"])
    both = median_over_problems(values, problems, [pd.Series(["s"] * 6)]).iloc[0]
    one = median_over_problems(values[:3], problems[:3], [pd.Series(["s"] * 3)]).iloc[0]

    assert both.tolist() == [(2 + 20) / 2, -math.inf, math.inf]  # two problems have no interval
    assert one["value"] == 2


def test_captions_name_the_level():
    runs = pd.DataFrame({"problem": list("aabbcc"), "solver": list("xyxyxy")})

    assert level_of(runs, ["solver"]) == "over 3 problems"
    assert level_of(runs.assign(problem="a"), ["solver"]) == "over 3 runs of one problem"
    assert level_of(runs[1:], ["solver"]) == "over 2 to 3 problems"
    assert level_of(runs[:3], ["solver"]) == "over 2 problems or over 1 run of one problem"


def store_of(num_solvers, num_problems, num_runs):
    """Runs of many alike solvers, each on problems of its own: the hardness of a problem is shared by its runs."""
    problem = np.repeat(np.arange(num_solvers * num_problems), num_runs)
    solver = problem // num_problems
    chance = np.repeat(GENERATOR.beta(1, 1, num_solvers * num_problems), num_runs)
    hardness = np.repeat(GENERATOR.normal(size=num_solvers * num_problems), num_runs)
    solved = GENERATOR.random(len(problem)) < chance
    gap = np.exp(hardness + 0.3 * GENERATOR.normal(size=len(problem)))
    return pd.DataFrame({
        "problem": [f"p{number}" for number in problem], "problem_hash": [f"p{number}" for number in problem],
        "formulation": "f", "solver": [f"s{number}" for number in solver], "status": "ok", "optimum": 0.0,
        "truth_kind": "exhaustive", "is_sound": 1, "loss_gap": np.where(solved, 0.0, 1.0), "num_reads": 1,
        "budget_reads": 1, "sample_s": gap, "mean_loss": 1.0, "energy_gap": 0.0, "violations": 0, "flag_texts": "",
        "time_to_target_s": np.where(solved, gap, np.nan), "proved": 0,
    })  # fmt: skip


@pytest.fixture(scope="module")
def simulated():
    return summarize(store_of(400, 12, 5), with_intervals=True)


def covered(table, name, truth):
    return ((table[f"{name}_low"] <= truth) & (truth <= table[f"{name}_high"])).mean()


def test_intervals_of_pooled_problems_hold_the_truth_as_often_as_they_claim(simulated):
    """Of 400 simulated solvers on 12 problems each with 5 runs; more designs: docs/metrics.md."""
    assert 0.93 <= covered(simulated, "solved_share", 0.5) <= 0.99
    assert 0.93 <= covered(simulated, "sample_s", 1.0) <= 0.99


def test_intervals_that_take_runs_for_problems_would_be_found_out(simulated):
    """Of 60 runs on 12 problems, pooled as if they were independent."""
    ends = [success_probability(int(solved), 60)[1:] for solved in simulated["solved"]]

    assert np.mean([low <= 0.5 <= high for low, high in ends]) < 0.88
