"""What is missing and what is infinite in a statistic; gaps; tables of costs."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bnnbench.errors import InputError
from bnnbench.metrics import censored, cost_table, is_floor, normalized_gap

INF, NAN = math.inf, math.nan


def run(**changes):
    row = {
        "problem": "p", "problem_hash": "h", "formulation": "reduced", "solver": "s", "status": "ok", "optimum": 1.0,
        "is_sound": 1, "num_reads": 10, "budget_reads": 10, "energy": 5.0, "loss": 3.0, "mean_loss": 4.0,
        "violations": 2, "time_to_target_s": 0.5,
    } | changes  # fmt: skip
    gaps = {f"{name}_gap": None if None in (row[name], row["optimum"]) else row[name] - row["optimum"]
            for name in ("energy", "loss")}  # fmt: skip
    return row | gaps


NOTHING = dict.fromkeys(("energy", "loss", "mean_loss", "violations", "time_to_target_s"))


def values(series):
    return [None if math.isnan(v) else v for v in series]


def test_gaps_are_differences_to_the_optimum():
    runs = pd.DataFrame([run()])
    assert values(censored(runs, "energy_gap")) == [4]
    assert values(censored(runs, "loss_gap")) == [2]
    assert values(censored(runs, "violations")) == [2]
    assert values(censored(runs, "mean_loss_gap")) == [3]


@pytest.mark.parametrize("status", ["timeout", "memory", "crash", "error"])
def test_a_failed_run_is_infinite_whatever_it_had_found(status):
    runs = pd.DataFrame([run(status=status), run(status=status, is_sound=None, **NOTHING), run()])
    for series in (
        censored(runs, "energy_gap"),
        censored(runs, "loss_gap"),
        censored(runs, "violations"),
        censored(runs, "time_to_target_s"),
    ):
        assert values(series)[:2] == [INF, INF]


@pytest.mark.parametrize("status", ["refused", "unavailable"])
def test_what_was_not_asked_is_missing(status):
    runs = pd.DataFrame([run(), run(status=status, **NOTHING)])
    for series in (
        censored(runs, "energy_gap"),
        censored(runs, "loss_gap"),
        censored(runs, "violations"),
        censored(runs, "time_to_target_s"),
    ):
        assert values(series)[1] is None


def test_what_has_no_optimum_has_no_gap_but_violations():
    runs = pd.DataFrame([run(optimum=None, time_to_target_s=None), run(optimum=None, status="crash", **NOTHING)])
    for series in (censored(runs, "energy_gap"), censored(runs, "loss_gap"), censored(runs, "time_to_target_s")):
        assert values(series) == [None, None]
    assert values(censored(runs, "violations")) == [2, INF]


def test_an_unsound_formulation_has_no_energy_gap_even_where_its_run_failed():
    runs = pd.DataFrame([run(is_sound=0), run(is_sound=None, status="crash", **NOTHING)])
    assert values(censored(runs, "energy_gap")) == [None, None]
    assert values(censored(runs, "loss_gap")) == [2, INF]


def test_a_failed_run_takes_soundness_from_its_own_problem_first():
    failed = run(is_sound=None, status="crash", **NOTHING)
    runs = pd.DataFrame(
        [run(is_sound=0), failed, run(problem="q"), run(is_sound=None, status="crash", problem="q", **NOTHING)]
    )
    assert values(censored(runs, "energy_gap")) == [None, None, 4, INF]


def test_a_target_that_was_never_reached_is_infinitely_far():
    assert values(censored(pd.DataFrame([run(time_to_target_s=None)]), "time_to_target_s")) == [INF]


def test_an_unknown_column_is_a_sentence():
    with pytest.raises(InputError, match="no column 'speed'"):
        censored(pd.DataFrame([run()]), "speed")


def floor(**changes):
    return run(**{"solver": "random[x=1]", "energy": 9.0, "loss": 5.0} | changes)


def test_the_normalized_gap_is_that_of_random_settings_with_as_many_reads():
    runs = pd.DataFrame([run(), floor(), floor(loss=7.0)])
    assert normalized_gap(runs).tolist() == [2 / 5, 4 / 5, 6 / 5], "the floor is the mean gap 5"


def test_a_solver_that_says_so_is_the_floor_whatever_its_name():
    guesser = run(solver="guesser", is_floor=1, loss=5.0)
    named = run(solver="random", is_floor=0, loss=9.0)
    assert normalized_gap(pd.DataFrame([run(is_floor=0), guesser, named])).tolist() == [0.5, 1.0, 2.0]


def test_rows_without_the_column_are_told_by_the_name_of_their_solver():
    rows = [floor(), run(solver="embedded[inner=random]"), run(solver="guesser", is_floor=1), floor(is_floor=None)]
    assert is_floor(pd.DataFrame(rows)).tolist() == [True, False, True, True]
    assert is_floor(pd.DataFrame(rows[:2])).tolist() == [True, False]


@pytest.mark.parametrize(
    "other",
    [{"num_reads": 9}, {"problem_hash": "g"}, {"formulation": "soft"}, {"status": "timeout"}, {"optimum": None}],
)
def test_without_the_same_floor_there_is_no_normalized_gap(other):
    assert values(normalized_gap(pd.DataFrame([run(), floor(**other)])))[0] is None


def test_where_random_settings_solve_a_problem_it_tells_nothing():
    solved = run(solver="random", loss=1.0)
    assert values(normalized_gap(pd.DataFrame([run(), solved, run(loss=1.0)]))) == [None, None, None]


def test_a_failed_run_has_an_infinite_normalized_gap_where_there_is_a_floor():
    failed = run(status="crash", num_reads=0, budget_reads=run()["num_reads"])
    assert values(normalized_gap(pd.DataFrame([failed, floor()])))[0] == INF
    for other in ({"num_reads": 9}, {"loss": 1.0}):
        assert values(normalized_gap(pd.DataFrame([failed, floor(**other)])))[0] is None
    assert values(normalized_gap(pd.DataFrame([failed | {"budget_reads": None}, floor()])))[0] is None


def test_the_floor_is_known_by_any_label():
    runs = pd.DataFrame([run(), floor() | {"solver": "random, 40 reads"}])
    assert values(normalized_gap(runs))[0] == 2 / 4


def test_costs_are_medians_over_repetitions_with_failures_infinite():
    runs = pd.DataFrame([
        *[run(loss=loss, loss_gap=loss - 1) for loss in (1.0, 2.0, 6.0)],
        *[run(solver="t", loss_gap=0.0, status=status) for status in ("ok", "crash", "crash")],
        run(solver="u", status="refused", **NOTHING),
    ])  # fmt: skip
    costs = cost_table(runs, "loss_gap")
    assert costs.index.names == ["problem", "formulation"]
    assert costs.loc[("p", "reduced"), ["s", "t"]].tolist() == [1, INF]
    assert math.isnan(costs.loc[("p", "reduced"), "u"])
