"""Figures are what their formulas say, and failing never helps a solver."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from run_rows import FAILED, row
from scipy.stats import beta

from bnnbench.errors import InputError
from bnnbench.metrics import SUMMARY, success_probability, summarize, time_to_solution

NAMES = [column.name for column in SUMMARY]


@pytest.mark.parametrize(("k", "n"), [(2, 10), (5, 10), (8, 10), (300, 1000)])
def test_the_interval_is_that_of_jeffreys(k, n):
    estimate, low, high = success_probability(k, n)
    assert estimate == k / n
    assert low == pytest.approx(beta.ppf(0.025, k + 0.5, n - k + 0.5), rel=1e-12)
    assert high == pytest.approx(beta.ppf(0.975, k + 0.5, n - k + 0.5), rel=1e-12)
    assert low < estimate < high


def test_the_interval_ends_at_0_and_1_when_reads_are_all_alike():
    assert success_probability(0, 10)[:2] == (0.0, 0.0)
    assert success_probability(10, 10)[0::2] == (1.0, 1.0)


def test_bounds_at_the_ends_are_exact_and_one_sided():
    bound = success_probability(0, 10)[2]
    assert (1 - bound) ** 10 == pytest.approx(0.05)  # the probability of no success in ten at the bound
    assert success_probability(10, 10)[1] == pytest.approx(1 - bound)
    least = success_probability(1, 10)[1]
    assert 1 - (1 - least) ** 10 == pytest.approx(0.05)  # that of a success or more
    assert success_probability(9, 10)[2] == pytest.approx(1 - least)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(InputError, match=f"{k} successes came in {n} reads"):
        success_probability(k, n)


def test_time_to_solution_has_known_values():
    # 1 − (1/2)^k reaches 99 % at k = log2(100).
    assert time_to_solution(2.0, (0.5, 0.1, 0.9)) == pytest.approx(
        (2 * math.log2(100), 2 * math.log(0.01) / math.log(0.1), 2 * math.log(0.01) / math.log(0.9))
    )


def test_time_to_solution_is_no_less_than_one_read():
    assert time_to_solution(3.0, (0.999, 0.99, 1.0)) == pytest.approx((3.0, 3.0, 3.0))


def test_time_to_solution_without_success_is_a_lower_bound():
    estimate, low, high = time_to_solution(1.0, success_probability(0, 100))
    assert estimate == high == math.inf
    assert 0 < low < math.inf
    assert low < time_to_solution(1.0, success_probability(0, 1000))[1]


def test_the_interval_of_time_to_solution_holds_its_estimate():
    estimate, low, high = time_to_solution(0.1, success_probability(7, 50))
    assert low < estimate < high


def summary_of(*rows):
    frame = summarize(pd.DataFrame(rows))
    assert len(frame) == 1
    return frame.iloc[0]


def test_a_summary_counts_and_takes_medians():
    lied = row(loss_gap=2.0, energy_gap=5.0, flag_texts="lie")
    got = summary_of(row(), row(loss_gap=1.0, energy_gap=3.0, proved=1), lied)
    assert tuple(got.index) == ("formulation", "solver", *NAMES)
    assert (got["runs"], got["ok"], got["solved"], got["proved"], got["flagged"]) == (3, 3, 1, 1, 1)
    assert (got["energy_gap"], got["loss_gap"], got["remarks"]) == (3.0, 1.0, "")


def test_a_median_of_two_is_their_mean():
    assert summary_of(row(), row(loss_gap=1.0))["loss_gap"] == 0.5


def test_failing_does_not_make_a_gap_smaller():
    bad = row(loss_gap=4.0)
    assert summary_of(row(), bad, bad)["loss_gap"] == 4.0
    assert summary_of(row(), bad, row(status="timeout", **FAILED))["loss_gap"] == 4.0
    assert summary_of(row(), *[row(status="crash", **FAILED)] * 2)["loss_gap"] == math.inf


def test_a_run_that_failed_is_unsolved_and_unproved_whatever_it_had_found():
    got = summary_of(row(), row(status="timeout", proved=1), row(status="memory", **FAILED))
    assert (got["runs"], got["ok"], got["solved"], got["proved"]) == (3, 1, 1, 0)
    assert got["loss_gap"] == math.inf
    assert got["remarks"] == "1 memory, 1 timeout"


def test_runs_that_were_not_asked_are_shown_but_in_no_denominator():
    got = summary_of(row(), row(status="refused", **FAILED), row(status="unavailable", **FAILED))
    assert (got["runs"], got["solved"], got["loss_gap"]) == (1, 1, 0.0)
    assert got["remarks"] == "1 refused, 1 unavailable"


def test_a_group_that_was_never_asked_has_no_figures():
    got = summary_of(row(status="unavailable", **FAILED))
    assert got["runs"] == 0
    assert got[["solved", "energy_gap", "loss_gap", "violations"]].isna().all()


def test_a_group_in_which_all_failed_has_figures():
    got = summary_of(row(status="crash", is_sound=None, **FAILED), row(status="error", is_sound=None, **FAILED))
    assert (got["solved"], got["loss_gap"]) == (0, math.inf)
    assert pd.isna(got["energy_gap"])
    assert pd.isna(got["sample_s"])


def test_an_unsound_formulation_has_no_energy_gap_and_spoils_no_other():
    assert pd.isna(summary_of(row(is_sound=0, energy_gap=None))["energy_gap"])
    mixed = summary_of(row(energy_gap=1.0), *[row(is_sound=0, energy_gap=None, problem="q")] * 3)
    assert mixed["energy_gap"] == 1.0


def test_a_run_without_a_known_optimum_is_no_evidence():
    unknown = row(optimum=None, energy_gap=None, loss_gap=None)
    got = summary_of(row(), *[unknown] * 3)
    assert (got["runs"], got["solved"], got["loss_gap"]) == (4, 1, 0.0)
    assert got["remarks"] == "3 without optimum"
    assert pd.isna(summary_of(unknown)["solved"])


def test_an_optimum_that_is_not_proved_is_a_remark():
    got = summary_of(row(), row(truth_kind="best_known"), row(status="unavailable", truth_kind="best_known", **FAILED))
    assert got["remarks"] == "1 unavailable, 1 against best known"


def test_a_gap_of_one_margin_is_not_solved_however_small_its_price_is():
    assert summary_of(row(loss_gap=0.0))["solved"] == 1
    assert summary_of(row(loss_gap=2.0**-24))["solved"] == 0


def test_groups_do_not_depend_on_the_order_of_the_rows():
    rows = [row(solver=s, formulation=f) for f in ("b", "a") for s in ("y", "x")]
    first, second = summarize(pd.DataFrame(rows)), summarize(pd.DataFrame(rows[::-1]))
    assert first.equals(second)
    assert first[["formulation", "solver"]].to_numpy().tolist() == [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"]]
    assert len(summarize(pd.DataFrame(rows), by=["solver"])) == 2


def test_a_summary_of_nothing_has_its_columns():
    assert list(summarize(pd.DataFrame())) == ["formulation", "solver", *NAMES]


def labels_of(*changes):
    """Solvers' labels in a summary of rows with these changes."""
    return list(summarize(pd.DataFrame([row(**SETTINGS | change) for change in changes]))["solver"])


SETTINGS = {"budget_seconds": 2.0, "budget_reads": 10, "parameters": '{"a":1,"b":null}', "versions": '{"lib":"1.0"}'}


def test_runs_of_one_label_share_a_row_if_they_agree():
    assert labels_of({}, {}, {"problem": "q"}) == ["s"]


@pytest.mark.parametrize(
    ("change", "labels"),
    [
        ({"budget_reads": 20}, ["s, 10 reads", "s, 20 reads"]),
        ({"budget_reads": 1}, ["s, 1 read", "s, 10 reads"]),
        ({"budget_reads": None}, ["s", "s, 10 reads"]),
        ({"budget_reads": None, "budget_seconds": 0.5}, ["s, 0.5 s", "s, 2 s, 10 reads"]),
        ({"parameters": '{"a":2,"b":null}'}, ["s, a=1", "s, a=2"]),
        ({"parameters": '{"a":1,"b":[1]}'}, ["s, b=None", "s, b=[1]"]),
        ({"parameters": '{"a":1}'}, ["s", "s, b=None"]),
        ({"versions": '{"lib":"1.1"}'}, ["s, lib=1.0", "s, lib=1.1"]),
        ({"versions": '{"lib":"1.0","file":"' + 8 * "0123abcd" + '"}'}, ["s", "s, file=0123abc"]),
        ({"parameters": '{"a":2,"b":null}', "versions": '{"lib":"1.1"}'}, ["s, a=1", "s, a=2"]),
    ],
)
def test_runs_of_one_label_that_differ_get_rows_that_say_how(change, labels):
    assert labels_of({}, change) == labels


def test_versions_are_named_only_where_nothing_else_tells_runs_apart():
    newer = {"versions": '{"lib":"1.1"}'}
    assert labels_of({}, newer, {"budget_reads": 20}) == ["s, 10 reads, lib=1.0", "s, 10 reads, lib=1.1", "s, 20 reads"]


def test_runs_are_told_apart_within_a_formulation():
    assert labels_of({}, {"formulation": "soft", "budget_reads": 20}) == ["s", "s"]


def test_problems_of_one_name_and_different_data_get_rows_of_their_own():
    rows = [row(problem_hash=digit * 64) for digit in "ab"]
    frame = summarize(pd.DataFrame(rows), by=("problem", "solver"))
    assert list(frame["problem"]) == ["p, problem_hash=aaaaaaa", "p, problem_hash=bbbbbbb"]


def test_an_accuracy_that_not_all_problems_have_is_left_out():
    both = summarize(pd.DataFrame([row(test_accuracy=0.5), row(problem="q", test_accuracy=0.75)]))
    assert list(both["test_accuracy"]) == [0.625]
    one = summarize(pd.DataFrame([row(test_accuracy=0.5), row(problem="q", solver="t")]))
    assert one["test_accuracy"].isna().all()
    assert list(one["train_accuracy"]) == [1.0, 1.0]


def test_runs_to_different_targets_share_no_row():
    assert labels_of({"budget_target": 0.0}, {"budget_target": 2.0}) == ["s, target=0", "s, target=2"]
