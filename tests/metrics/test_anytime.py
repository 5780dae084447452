"""Anytime curves, times to targets and integrals, against hand calculation and fine grids."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bnnbench.metrics import (
    best_so_far,
    expected_running_time,
    least_running_time,
    success_probability,
)

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
