"""Success per read and the time to solution, against published values and by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bnnbench.metrics import success_probability, success_table, time_to_solution


def run(**changes):
    return {
        "problem": "p", "formulation": "reduced", "solver": "s", "status": "ok", "optimum": 0.0, "is_sound": 1,
        "num_reads": 10, "budget_reads": 10, "loss_successes": 5, "energy_successes": 1, "sample_s": 2.0,
    } | changes  # fmt: skip


def table_of(*rows):
    return success_table(pd.DataFrame(rows))


@pytest.mark.parametrize(("successes", "low", "high"), [(2, 0.065, 0.648), (3, 0.139, 0.766)])
def test_the_interval_is_that_of_the_published_table(successes, low, high):
    """L. D. Brown, T. T. Cai and A. DasGupta, Statistical Science 16, 2001, table 5, n = 7."""
    got = success_probability(successes, 7)
    assert got[1] == pytest.approx(low, abs=1e-3)
    assert got[2] == pytest.approx(high, abs=1e-3)


def test_a_solver_whose_reads_are_no_independent_draws_has_no_time_to_solution():
    learns, draws, unknown = (table_of(run(is_memoryless=told)).iloc[0] for told in (0, 1, None))

    assert all(math.isnan(learns[f"tts_{end}s"]) for end in ("", "low_", "high_"))
    assert draws["tts_s"] == unknown["tts_s"] == pytest.approx(0.2 * math.log(0.01) / math.log(0.5))
    assert learns["success"] == 0.5, "its share of reads is a number still"


def test_no_time_to_solution_is_less_than_the_time_of_the_first_read():
    batch = run(num_reads=100, loss_successes=90, sample_s=0.3, first_read_s=0.04)
    later = run(num_reads=100, loss_successes=90, sample_s=0.3, first_read_s=0.05)
    slow = run(num_reads=100, loss_successes=1, sample_s=100.0, first_read_s=0.04)

    got, old = table_of(batch, later).iloc[0], table_of(run(num_reads=100, loss_successes=90, sample_s=0.3)).iloc[0]

    assert old["tts_s"] == pytest.approx(0.006), "two reads, each a hundredth of a batch"
    assert got["first_read_s"] == got["tts_s"] == got["tts_low_s"] == got["tts_high_s"] == 0.04
    assert table_of(slow).iloc[0]["tts_s"] == pytest.approx(math.log(0.01) / math.log(0.99))


def test_reads_of_all_runs_are_pooled():
    got = table_of(run(), run(loss_successes=0, sample_s=4.0)).iloc[0]
    assert (got["reads"], got["successes"], got["success"]) == (20, 5, 0.25)
    assert got["read_s"] == 0.3, "6 s for 20 reads"
    assert tuple(got[["success", "success_low", "success_high"]]) == success_probability(5, 20)
    expected = time_to_solution(0.3, success_probability(5, 20))
    assert tuple(got[["tts_s", "tts_low_s", "tts_high_s"]]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("budget", "came", "counted"),
    [(10, 0, 10), (None, 0, 10), (None, 3, 10), (None, 30, 30), (10, 12, 12), (10, None, 10)],
)
def test_the_reads_of_a_failed_run_are_failures(budget, came, counted):
    failed = run(status="crash", num_reads=came, budget_reads=budget, loss_successes=3, sample_s=None)
    got = table_of(run(), failed).iloc[0]
    assert (got["reads"], got["successes"]) == (10 + counted, 5)
    assert got["read_s"] == 0.2, "the time of a failed run is not known"


def test_failing_with_a_budget_in_seconds_lowers_the_success_as_it_would_with_one_in_reads():
    fragile = [run(status="timeout", num_reads=0, budget_reads=None, sample_s=None) for _ in range(9)]
    got = table_of(run(budget_reads=None, num_reads=10_000, loss_successes=100), *fragile).iloc[0]
    assert (got["reads"], got["success"]) == (100_000, 0.001)


def test_without_success_there_is_a_lower_bound_of_the_time():
    got = table_of(run(loss_successes=0)).iloc[0]
    assert got["tts_s"] == got["tts_high_s"] == math.inf
    assert 0 < got["tts_low_s"] < math.inf


def test_where_all_failed_nothing_is_known_of_the_time():
    got = table_of(run(status="timeout", num_reads=0, loss_successes=None, sample_s=None)).iloc[0]
    assert got["success"] == 0
    assert got["read_s"] == got["tts_s"] == got["tts_low_s"] == math.inf


def test_a_run_that_ended_without_a_read_is_a_failure():
    got = table_of(run(num_reads=0, budget_reads=None, loss_successes=None, sample_s=0.0)).iloc[0]
    assert (got["reads"], got["successes"], got["tts_s"]) == (1, 0, math.inf)


def test_what_was_not_asked_or_has_no_optimum_is_left_out():
    unknown = run(optimum=None, loss_successes=None)
    assert table_of(run(), run(status="refused", num_reads=0), unknown).iloc[0]["reads"] == 10
    assert table_of(unknown).empty
    empty = success_table(pd.DataFrame())
    assert list(empty)[:4] == ["problem", "formulation", "solver", "reads"]
