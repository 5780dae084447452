"""One number for a setting, against hand calculation."""

from __future__ import annotations

import math

import pytest

from bnnbench.errors import InputError
from bnnbench.tuning.effort import FAILED_GAP, effort_of, problem_score, score, spent_per_success

ROW = {
    "status": "ok", "sample_s": 4.0, "time_to_target_s": None, "evaluations": 400, "evaluations_to_target": None,
    "loss_gap": 2.0, "num_reads": 10, "loss_successes": 0, "compile_s": 1.0, "prepare_s": None, "judge_s": 0.5,
}  # fmt: skip
SOLVED = ROW | {"time_to_target_s": 1.0, "evaluations_to_target": 100, "loss_gap": 0.0, "loss_successes": 4}


def ert(*rows, clock="seconds", objective="ert"):
    return problem_score([effort_of(row, clock, 5.0) for row in rows], objective)


def test_the_ert_is_all_time_over_successes_in_either_clock():
    assert ert(SOLVED, ROW) == 1 + 4
    assert ert(SOLVED, ROW, clock="evaluations") == 100 + 400


def test_without_a_success_half_of_one_is_counted_and_the_gap_weighs():
    assert ert(ROW, ROW | {"loss_gap": 1.0}) == 8 / 0.5 * (1 + 1)
    assert ert(ROW) > ert(ROW | {"loss_gap": 1.0}) > ert(SOLVED, ROW)


def test_a_short_run_that_fails_gains_nothing_by_being_short():
    runs = [effort_of(ROW, "seconds", 5.0)]
    assert problem_score(runs, "ert", 100.0) == 100 * (1 + 2)
    assert problem_score([effort_of(SOLVED, "seconds", 5.0)], "ert", 100.0) == 1


def test_a_setting_that_comes_nearer_than_unsolved_defaults_is_better():
    defaults = [effort_of(ROW | {"loss_gap": 5.0}, "seconds", 5.0)]
    least = spent_per_success(defaults, "ert")[0]

    nearer = problem_score([effort_of(ROW | {"sample_s": 1.0}, "seconds", 5.0)], "ert", least)

    assert nearer < problem_score(defaults, "ert")


def test_a_run_that_failed_spends_its_limit_and_has_found_nothing():
    assert ert(SOLVED, SOLVED | {"status": "timeout", "sample_s": None}) == 1 + 5
    crashed = ert(SOLVED | {"status": "crash"})  # its gap is not believed
    assert crashed == 4 / 0.5 * (1 + FAILED_GAP)
    assert ert(ROW) < crashed < math.inf, "one failed run of the defaults leaves something to compare with"


def test_the_time_to_solution_counts_reads():
    share = 4 / 20
    assert ert(SOLVED, ROW, objective="tts") == pytest.approx(8 / 20 * math.log(0.01) / math.log(1 - share))
    assert ert(SOLVED | {"loss_successes": 10}, objective="tts") == 0.4


def test_a_refused_run_makes_a_setting_infinitely_bad_and_problems_weigh_alike():
    assert ert(SOLVED, ROW | {"status": "refused"}) == math.inf
    assert score([1.0, 100.0]) == pytest.approx(10)
    assert score([1.0, math.inf]) == math.inf


def test_a_solver_that_counts_nothing_is_told_to_be_timed():
    with pytest.raises(InputError, match='clock = "seconds"'):
        effort_of(ROW | {"evaluations": None}, "evaluations", None)
