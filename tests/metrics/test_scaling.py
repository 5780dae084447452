"""Fits of cost over size: they find the exponent of simulated runs, and know how well."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bnnbench.metrics import scaling
from bnnbench.metrics.scaling import fit_line, scaling_table

SIZES = (11, 21, 31, 41, 51)


def simulated(generator, *, per_size=20, runs=5, budget=2.0, exponent=0.2, spread=1.0):
    """Sizes, successes and time spent: runs without memory, each ended by its success or its budget."""
    x = np.repeat(SIZES, per_size).astype(float)
    means = 2.0 ** (-6 + exponent * x + spread * generator.normal(size=len(x)))
    times = generator.exponential(means[:, None], (len(x), runs))
    return x, (times <= budget).sum(axis=1).astype(float), np.minimum(times, budget).sum(axis=1)


def slope_of_solved(x, successes, spent):
    """What a line through the solved instances alone makes of it."""
    is_solved = successes > 0
    return np.polyfit(x[is_solved], np.log2(spent[is_solved] / successes[is_solved]), 1)[0]


def test_unsolved_instances_keep_the_exponent_that_the_solved_ones_alone_would_lower():
    data = [simulated(np.random.default_rng(seed), budget=0.1) for seed in range(10)]

    found = np.mean([fit_line(*one).slope for one in data])

    assert np.mean([(successes == 0).mean() for _, successes, _ in data]) > 0.5
    assert found == pytest.approx(0.2, abs=0.015)
    assert np.mean([slope_of_solved(*one) for one in data]) < 0.13


@pytest.mark.parametrize(("per_size", "runs", "budget"), [(20, 5, 2.0), (5, 3, 0.5)])
def test_the_interval_holds_the_exponent_as_often_as_it_claims(monkeypatch, per_size, runs, budget):
    monkeypatch.setattr(scaling, "NUM_DRAWS", 99)
    generator = np.random.default_rng(3)

    def holds():
        _, low, high = fit_line(*simulated(generator, per_size=per_size, runs=runs, budget=budget)).interval
        return np.array([low <= 0.2 <= high, low + (high - low) / 4 <= 0.2 <= high - (high - low) / 4])

    covered, by_half_the_width = np.mean([holds() for _ in range(100)], axis=0)

    assert covered >= 0.88
    assert by_half_the_width < 0.85  # the check would find an interval that is too narrow


@pytest.mark.parametrize(
    "changes", [{"per_size": 1}, {"budget": 1e-4}, {"budget": 0.005, "per_size": 6, "runs": 1}], ids=str
)
def test_there_is_no_line_where_the_data_do_not_carry_one(changes):
    assert fit_line(*simulated(np.random.default_rng(0), **changes)) is None


def rows(exponent):
    """Runs on instances whose time doubles with every 1/exponent weights, one run of four unsolved."""
    return [
        {"problem": f"{size}-{k}", "problem_hash": f"{size}-{k}", "formulation": "soft", "solver": "sa",
         "status": "ok", "optimum": 0.0, "time_to_target_s": time if k % 4 else None, "sample_s": 2 * time,
         "budget_seconds": None, "num_weights": size}
        for size in SIZES
        for k in range(8)
        for time in [2.0 ** (exponent * size - 8) * (1 + k / 8)]
    ]  # fmt: skip


def test_the_table_has_both_exponents_and_counts_what_is_censored():
    (row,) = scaling_table(pd.DataFrame(rows(0.1))).to_dict("records")

    assert (row["solver"], row["instances"], row["censored"], row["sizes"]) == ("sa", 40, 10, 5)
    assert (row["size_low"], row["size_high"]) == (11, 51)
    assert row["exponent_low"] < row["exponent"] < row["exponent_high"]
    assert row["exponent"] == pytest.approx(0.1, abs=0.01)
    # 40 weights more are 4 doublings, and log2(51/11) = 2.2 doublings of the size
    assert row["power"] == pytest.approx(4 / math.log2(51 / 11), rel=0.2)


def test_without_a_line_the_table_says_so():
    few = pd.DataFrame(rows(0.1)).query("num_weights < 30")

    row = scaling_table(few).iloc[0]

    assert row["instances"] == 16
    assert math.isnan(row["exponent"])
    assert math.isnan(row["power_high"])
