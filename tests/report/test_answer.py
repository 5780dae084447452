"""The answer of a report: who wins at what cost, and the floor."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from small_stores import fill

from bnnbench.charts.plot_data import read_plot_data
from bnnbench.figures import make_chart
from bnnbench.report.answer import answer, duration
from bnnbench.store.store import read_store


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    with read_store(fill(tmp_path_factory.mktemp("answer") / "mine", repetitions=1)) as store:
        return read_plot_data(store)


@pytest.fixture
def data(everything):
    return everything.where(lambda runs: runs["formulation"] == "compact")


def timed(data, times, **columns):
    """The same data in which each solver takes a time to the optimum; without one it never gets there."""
    times_s = data.runs["solver"].map(times)
    gaps = times_s.isna().astype(float)
    runs = data.runs.assign(time_to_target_s=times_s, loss_gap=gaps, loss=gaps, sample_s=1.0, **columns)
    return replace(data, runs=runs)


def test_the_fastest_its_cost_the_next_and_the_floor_are_told(data):
    found = answer(timed(data, {"simulated_annealing": 0.002, "steepest_descent": 0.05, "random": 0.01}))
    assert " ".join(found) == (
        "simulated_annealing on compact is fastest to the certified optimum, which it reached in 3 of 3 runs: 2 ms of "
        "sampling are expected with restarts (ERT, the median over 3 problems); next is steepest_descent on compact "
        "with 50 ms; 3 problems cannot tell whether that is chance. Guessing is the floor: random weights need 10 ms, "
        "less than steepest_descent on compact. Where they are as fast as a "
        "method, the problem is too easy to need one."
    )


def test_a_lead_over_enough_problems_is_told_from_chance(data):
    runs = timed(data, {"simulated_annealing": 0.002, "steepest_descent": 0.05}).runs
    many = pd.concat(
        runs.assign(**{name: runs[name] + str(k) for name in ("problem_hash", "merged_hash", "instance_hash")})
        for k in range(4)
    )
    assert answer(replace(data, runs=many))[0].endswith("next is steepest_descent on compact with 50 ms.")

    few = sorted(many["merged_hash"].unique())[:4]
    many.loc[(many["solver"] == "steepest_descent") & many["merged_hash"].isin(few), "time_to_target_s"] = 0.001
    assert answer(replace(data, runs=many))[0].endswith("on 12 problems that may be chance.")


def test_a_floor_that_does_not_arrive_is_no_time(data):
    found = answer(timed(data, {"simulated_annealing": 0.002}))
    assert "next is" not in found[0]
    assert found[1] == "Guessing is the floor: random weights do not reach the optimum on half of the problems."


def test_where_nobody_arrives_nobody_wins(data):
    assert answer(timed(data, {})) == [
        "No solver is expected to reach the certified optimum: none did on half of the problems or more."
    ]


def test_a_solver_of_the_network_that_ran_beside_one_qubo_competes_with_all(everything):
    """The report of a study said that nobody arrives, as its fastest solver had not run beside every QUBO."""
    runs = everything.runs
    part = runs[(runs["solver"] != "steepest_descent") | (runs["formulation"] == "compact")]
    solver = part["solver"].replace({"steepest_descent": "weight_search"})
    works_on = part["works_on"].where(solver != "weight_search", "network")
    times_s = solver.map({"weight_search": 0.002})
    gaps = times_s.isna().astype(float)
    part = part.assign(solver=solver, works_on=works_on, time_to_target_s=times_s, loss_gap=gaps, sample_s=1.0)
    assert answer(replace(everything, runs=part))[0].startswith("weight_search is fastest to the certified optimum")


def test_without_a_certified_optimum_there_is_no_answer(data):
    assert answer(timed(data, {"random": 1.0}, truth_kind="best_known")) == []


def test_the_figure_puts_the_fastest_first_and_keeps_who_never_arrived(everything):
    (panel,) = make_chart("time_to_optimum", timed(everything, {"steepest_descent": 0.05, "random": 0.01})).panels
    assert list(panel.content[0].x) == ["random", "steepest_descent", "simulated_annealing"]
    above = [series for series in panel.content if series.mark == "above"]
    assert {x for series in above for x in series.x} == {"simulated_annealing"}
    assert len({series.style for series in above}) == 3, "one per formulation"
    (floor,) = [series for series in panel.content if series.label == "random weights"]
    assert set(floor.y) == {0.01}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(123.4, "123 s"), (2.0, "2 s"), (0.0206, "21 ms"), (6.4e-4, "640 µs"), (1e-8, "less than 1 µs")],
)
def test_durations_have_the_unit_that_needs_no_zeros(seconds, text):
    assert duration(seconds) == text
