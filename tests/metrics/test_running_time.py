"""Expected running time, against hand calculation and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from run_rows import row

from bnnbench.metrics import expected_running_time, success_probability, summarize
from bnnbench.metrics.running_time import Spent, ert_interval, median_running_time

INF = math.inf


def run(**changes):
    return {
        "key": "x", "problem": "p", "problem_hash": "1", "formulation": "reduced", "solver": "s", "status": "ok",
        "optimum": 2.0, "time_to_target_s": None, "sample_s": 4.0, "budget_seconds": 5.0,
    } | changes  # fmt: skip


def ert(*rows):
    return expected_running_time(pd.DataFrame(list(rows)))["ert_s"].tolist()


def test_ert_adds_the_time_of_all_runs_and_divides_by_the_successes():
    assert ert(run(time_to_target_s=1.0), run(), run(status="timeout", sample_s=None)) == [1 + 4 + 5]
    assert ert(run(), run(optimum=None)) == [INF]
    assert ert(run(status="refused")) == []
    assert ert(run(time_to_target_s=1.0), run(time_to_target_s=2.0), run()) == [7 / 2]


def test_the_preparation_is_paid_in_each_run_and_is_the_least_of_the_problem():
    """Two runs with a success after 1 s; 0.5 s are needed before each, and the first run loaded a library for 3 s."""
    runs = pd.DataFrame([run(time_to_target_s=1.0, prepare_s=3.5), run(prepare_s=0.5)])

    assert expected_running_time(runs)["ert_s"].tolist() == [5.0]
    assert expected_running_time(runs, measure="ert_prepared_s")["ert_prepared_s"].tolist() == [6.0]


def test_results_that_do_not_tell_the_preparation_have_no_ert_with_it():
    runs = pd.DataFrame([run(time_to_target_s=1.0)])

    assert expected_running_time(runs, measure="ert_prepared_s").empty


def test_an_ert_without_success_is_bounded_from_below_with_the_confidence_it_claims():
    chance = success_probability(0, 2)[2]
    row = expected_running_time(pd.DataFrame([run(), run(status="timeout", sample_s=None)])).iloc[0]
    assert row.tolist() == [INF, pytest.approx(4.5 * (1 - chance) / chance), INF]
    for probability in (0.1, 0.3, 0.7):  # runs of 2 s, of which a success takes 1 s
        truth = 2 * (1 - probability) / probability + 1
        wrong = sum(
            (1 - probability) ** n for n in (1, 2, 5, 20) if 2 * (1 - success_probability(0, n)[2]) >
            truth * success_probability(0, n)[2]
        )  # fmt: skip
        assert wrong <= 0.03


def simulated(generator, number, chance, spread):
    """Return times and successes of runs with a limit of 1 s; successes take 0.2 s times a log-normal factor."""
    times = np.minimum(0.2 * np.exp(spread * generator.normal(size=number)), 1.0)
    is_success = generator.random(number) < chance
    return np.where(is_success, times, 1.0), is_success


@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("number", [5, 20])
@pytest.mark.parametrize("chance", [0.2, 0.5, 0.9])
def test_the_interval_holds_the_ert_as_often_as_it_claims(spread, number, chance):
    """Seen over 3,000 simulations each: 92 to 99 %; with a plain bootstrap 60 to 89 % at p = 0.9."""
    generator = np.random.default_rng(7)
    times, is_success = simulated(generator, 1_000_000, chance, spread)
    truth = times.sum() / is_success.sum()

    def holds():
        _, low, high = ert_interval(Spent(*simulated(generator, number, chance, spread), 1.0))
        return low <= truth <= high

    covered = np.mean([holds() for _ in range(400)])

    assert covered >= 0.92


def test_an_interval_of_half_the_width_would_be_found_out():
    generator = np.random.default_rng(7)
    times, is_success = simulated(generator, 1_000_000, 0.5, 1.0)
    truth = times.sum() / is_success.sum()

    def holds():
        value, low, high = ert_interval(Spent(*simulated(generator, 20, 0.5, 1.0), 1.0))
        return value - (value - low) / 2 <= truth <= value + (high - value) / 2

    assert np.mean([holds() for _ in range(400)]) < 0.9


def test_runs_of_several_problems_are_not_pooled_but_their_erts_have_a_median():
    runs = pd.DataFrame([run(problem_hash=str(k), time_to_target_s=t) for k, t in enumerate((1.0, 2.0, 30.0))])

    got = median_running_time(runs, ["formulation", "solver"])

    assert got["ert_s"].tolist() == [2]
    assert got["ert_s_high"].tolist() == [INF]  # three problems have no interval


def test_of_one_problem_the_interval_is_that_over_runs():
    runs = pd.DataFrame([run(time_to_target_s=t) for t in (1.0, 2.0, 3.0)])

    one = median_running_time(runs, ["formulation", "solver"])

    assert one.iloc[0].tolist() == expected_running_time(runs).iloc[0].tolist()
    assert one["ert_s_low"].iloc[0] < 2 < one["ert_s_high"].iloc[0] < INF


def reaching(seconds, one_percent, **changes):
    """A run on 200 samples that notes when it reached the optimum, 2 errors above it, and 10."""
    return run(
        time_to_target_s=seconds, time_to_1_percent_s=one_percent, time_to_5_percent_s=0.5, num_samples=200,
        loss_gap=0.0 if seconds else 2.0 if one_percent else 9.0, evaluations=400,
        evaluations_to_target=seconds and 100 * seconds, evaluations_to_1_percent=one_percent and 100 * one_percent,
        evaluations_to_5_percent=50,
    ) | changes  # fmt: skip


def measured(rows, *names):
    runs = pd.DataFrame(rows)
    return [expected_running_time(runs, measure=name)[name].tolist() for name in names]


def test_a_target_above_the_optimum_is_reached_earlier_and_by_more_runs():
    rows = [reaching(2.0, 1.0), reaching(None, 3.0), reaching(None, None)]

    found = measured(rows, "ert_s", "ert_1_percent_s", "ert_5_percent_s")

    assert found == [[2 + 4 + 4], [(1 + 3 + 4) / 2], [0.5]]


def test_evaluations_are_counted_as_seconds_are_and_only_of_solvers_that_count():
    silent = {"solver": "silent"} | dict.fromkeys(
        ("evaluations", "evaluations_to_target", "evaluations_to_1_percent", "evaluations_to_5_percent")
    )
    rows = [reaching(2.0, 1.0), reaching(None, 3.0), reaching(2.0, 1.0, **silent)]

    found = measured(rows, "ert_evaluations", "ert_1_percent_evaluations", "ert_5_percent_evaluations")

    assert found == [[200 + 400], [(100 + 300) / 2], [50]]


def test_a_solver_that_counts_evaluations_at_its_end_alone_has_no_ert_in_them():
    at_its_end = {"evaluations_to_target": None, "solver": "exact"}
    rows = [reaching(2.0, 1.0), reaching(2.0, 1.0, **at_its_end), reaching(None, 1.0, **at_its_end)]

    assert measured(rows, "ert_evaluations", "ert_s") == [[200], [(2 + 4) / 1, 2.0]]


def test_results_that_do_not_note_when_a_target_was_reached_have_no_ert_to_it():
    old = {"time_to_1_percent_s": None, "loss_gap": 1.0}

    assert measured([reaching(None, None, **old)], "ert_1_percent_s") == [[]]
    assert measured([reaching(None, None, **old | {"loss_gap": 3.0})], "ert_1_percent_s") == [[INF]]
    assert measured([run(time_to_target_s=1.0)], "ert_1_percent_s", "ert_evaluations") == [[], []]


def test_with_few_samples_a_target_above_the_optimum_is_the_optimum_and_has_no_column():
    few = [row(time_to_target_s=0.5, time_to_1_percent_s=0.5, time_to_5_percent_s=0.25) for _ in range(3)]

    found = summarize(pd.DataFrame(few))

    assert found["ert_1_percent_s"].isna().all()
    assert found["ert_5_percent_s"].tolist() == [0.25]
