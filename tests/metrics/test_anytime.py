"""Anytime curves, times to targets and integrals, against hand calculation and fine grids."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_cells import add_everything, make_cell

from bnnbench.errors import InputError
from bnnbench.metrics import (
    best_so_far,
    expected_running_time,
    least_running_time,
    primal_gap,
    primal_integral,
    primal_integrals,
    success_probability,
    times_to_targets,
)
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.runs.loop import run as run_solver
from bnnbench.solver.contract import Budget
from bnnbench.store.store import open_store

INF = math.inf


def batch(run, number, time_s, loss, num_reads=5):
    return {
        "run": run, "number": number, "time_s": time_s, "num_reads": num_reads, "energy": 2 * loss, "loss": loss,
    }  # fmt: skip


TRACE = pd.DataFrame([
    batch("x", 0, 1.0, 4.0), batch("x", 1, 2.0, 6.0), batch("x", 2, 3.0, 2.0), batch("y", 0, 1.5, 3.0),
])  # fmt: skip


def run(**changes):
    return {
        "key": "x", "problem": "p", "formulation": "reduced", "solver": "s", "status": "ok", "optimum": 2.0,
        "time_to_target_s": None, "sample_s": 4.0, "budget_seconds": 5.0,
    } | changes  # fmt: skip


def test_the_best_never_gets_worse():
    curves = best_so_far(TRACE.sample(frac=1, random_state=0))
    assert curves.to_numpy().tolist() == [["x", 1, 5, 4], ["x", 2, 10, 4], ["x", 3, 15, 2], ["y", 1.5, 5, 3]]
    assert best_so_far(TRACE, "energy")["energy"].tolist() == [8, 8, 4, 6]


def test_targets_are_reached_in_their_order():
    runs = pd.DataFrame([run(), run(key="y"), run(key="z", status="timeout"), run(key="w", status="refused")])
    times = times_to_targets(TRACE, runs, [2, 1, 0])
    assert times.loc["x"].tolist() == [1, 3, 3]
    assert times.loc["y"].tolist() == [1.5, 1.5, INF]
    assert times.loc["z"].tolist() == [INF] * 3
    assert times.loc["w"].isna().all()


def test_a_run_that_failed_reached_nothing_that_counts():
    assert times_to_targets(TRACE, pd.DataFrame([run(status="crash")]), [0]).loc["x", 0] == INF


def test_the_time_to_the_optimum_is_that_of_the_harness(tmp_path):
    problem = load_problem("parity")
    instance = compile_problem(problem, "reduced")
    with open_store(tmp_path) as store:
        assert store.trace().empty
        for seed in range(3):
            outcome = run_solver(instance, load_solver("simulated_annealing"), budget=Budget(reads=40), seed=seed)
            add_everything(store, make_cell(seed, setting="reduced", repetition=seed), outcome)
        runs, trace = store.runs(), store.trace()
    assert trace["num_reads"].sum() == 120
    times = times_to_targets(trace, runs, [0])[0]
    assert times.tolist() == runs["time_to_target_s"].fillna(INF).tolist()


def test_ert_adds_the_time_of_all_runs_and_divides_by_the_successes():
    runs = pd.DataFrame([run(time_to_target_s=1.0), run(), run(status="timeout", sample_s=None)])
    assert expected_running_time(runs).tolist() == [1 + 4 + 5]
    assert expected_running_time(pd.DataFrame([run(), run(optimum=None)])).tolist() == [INF]
    assert expected_running_time(pd.DataFrame([run(status="refused")])).empty
    two = pd.DataFrame([run(time_to_target_s=1.0), run(time_to_target_s=2.0), run()])
    assert expected_running_time(two).loc[("p", "reduced", "s")] == 7 / 2


def test_an_ert_without_success_is_bounded_from_below_with_the_confidence_it_claims():
    runs = pd.DataFrame([run(), run(status="timeout", sample_s=None)])
    chance = success_probability(0, 2)[2]
    assert least_running_time(runs).tolist() == [pytest.approx(4.5 * (1 - chance) / chance)]
    assert least_running_time(pd.DataFrame([run(time_to_target_s=1.0), run()])).isna().all()
    for probability in (0.1, 0.3, 0.7):  # runs of 2 s, of which a success takes 1 s
        truth = 2 * (1 - probability) / probability + 1
        wrong = sum(
            (1 - probability) ** n for n in (1, 2, 5, 20) if 2 * (1 - success_probability(0, n)[2]) >
            truth * success_probability(0, n)[2]
        )  # fmt: skip
        assert wrong <= 0.03


def test_energies_have_no_target_where_the_ground_energy_is_not_the_optimum():
    runs = pd.DataFrame([run(is_sound=0), run(key="y", is_sound=0)])
    assert times_to_targets(TRACE, runs, [0], value="energy").isna().all(axis=None)
    assert times_to_targets(TRACE, runs, [0]).loc["x", 0] == 3


@pytest.mark.parametrize(
    ("value", "optimum", "gap"),
    [(10, 5, 0.5), (5, 5, 0), (0, 0, 0), (3, 0, 1), (-3, 5, 1), (-4, -8, 0.5), (INF, 5, 1), (math.nan, 5, 1)],
)
def test_the_primal_gap_is_that_of_berthold(value, optimum, gap):
    assert primal_gap(value, optimum) == gap


def test_the_primal_integral_by_hand():
    # 1 until 2 s, 0.5 until 3 s, 0.1 until 10 s.
    assert primal_integral([2, 3], [0.5, 0.1], 10) == pytest.approx(2 + 0.5 + 0.7)
    assert primal_integral([], [], 10) == 10
    assert primal_integral([12], [0], 10) == 10, "what comes later does not count"
    assert primal_integral([0], [0], 10) == 0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), max_size=5))
def test_the_primal_integral_is_that_of_a_fine_grid(steps):
    steps = sorted(steps, key=lambda step: step[0])
    times, gaps = [t for t, _ in steps], [g for _, g in steps]
    grid = (np.arange(20_000) + 0.5) * 8 / 20_000
    curve = np.array([1.0, *gaps])[np.searchsorted(times, grid, side="right")]
    assert primal_integral(times, gaps, 8) == pytest.approx(curve.mean() * 8, abs=5e-3)


@pytest.mark.parametrize(("times", "horizon"), [([2, 1], 5), ([1], 0), ([1], INF)])
def test_times_rise_to_a_horizon(times, horizon):
    with pytest.raises(InputError, match="times must rise, and the horizon"):
        primal_integral(times, [0.5] * len(times), horizon)


def test_the_primal_integral_of_each_run():
    failed, refused = run(key="y", status="crash"), run(key="w", status="refused")
    runs = pd.DataFrame([run(), failed, refused, run(key="z", optimum=None)])
    got = primal_integrals(TRACE, runs, horizon_s=10)
    assert got["x"] == pytest.approx(1 + 0.5 * 2), "4 against 2 until 3 s, then solved"
    assert got["y"] == 10
    assert got[["w", "z"]].isna().all()
    scaled = primal_integrals(TRACE, runs[:1], horizon_s=10, scale={"x": 8.0})
    assert scaled["x"] == pytest.approx(1 + 0.25 * 2)
    assert primal_integrals(TRACE, runs[:1], horizon_s=10, scale={"x": 1.0})["x"] == 3, "no gap exceeds 1"
