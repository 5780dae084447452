"""Which solver when: the least expected running time per class of problems, among ways that met all of them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bnnbench.errors import InputError
from bnnbench.metrics.decision import decision_table


def run(problem, solver, seconds, *, solved=True, rung="easy", weights=21, alpha=1.0, network="21-1"):
    """A run of so many seconds."""
    return {
        "problem": problem,
        "problem_hash": problem,
        "formulation": "soft",
        "solver": solver,
        "status": "ok",
        "optimum": 0.0,
        "loss_gap": 0.0 if solved else 1.0,
        "loss_successes": int(solved),
        "num_reads": 1,
        "sample_s": seconds,
        "time_to_target_s": seconds if solved else math.nan,
        "budget_seconds": 1.0,
        "network": network,
        "num_weights": weights,
        "alpha": alpha,
        "rung": rung,
    }


def decided(*runs):
    """The rows of the table of decisions."""
    return decision_table(pd.DataFrame(runs)).to_dict("records")


def test_the_way_with_the_least_time_wins_and_the_next_is_told_with_its_ratio():
    (row,) = decided(*(run(p, s, t) for p in "pq" for s, t in (("fast", 0.1), ("slow", 0.5), ("slower", 0.9))))

    assert (row["solver"], row["formulation"], row["next_solver"]) == ("fast", "soft", "slow")
    assert (row["ert_s"], row["ratio"]) == (pytest.approx(0.1), pytest.approx(5.0))
    assert (row["problems"], row["solved_share"]) == (2, 1.0)


def test_a_solver_that_met_fewer_problems_is_not_compared():
    (row,) = decided(run("p", "lucky", 0.01), run("p", "whole", 0.5), run("q", "whole", 0.5))

    assert (row["solver"], row["next_solver"]) == ("whole", "")


def test_where_nothing_is_solved_there_is_no_best_way():
    (row,) = decided(run("p", "a", 1.0, solved=False), run("p", "b", 1.0, solved=False))

    assert row["solver"] == ""
    assert math.isnan(row["ert_s"])


def test_where_too_little_is_solved_for_a_time_the_most_solved_wins_without_one():
    (row,) = decided(
        *(run(p, "some", 1.0, solved=p == "p") for p in "pqr"), *(run(p, "none", 1.0, solved=False) for p in "pqr")
    )

    assert (row["solver"], row["next_solver"]) == ("some", "")
    assert row["solved_share"] == pytest.approx(1 / 3)
    assert math.isnan(row["ert_s"])


def test_perceptrons_and_committees_are_not_one_class():
    rows = decided(run("p", "a", 0.1), run("q", "b", 0.1, network="7-3-1"))

    assert [(row["hidden_layers"], row["solver"]) for row in rows] == [(0, "a"), (1, "b")]


def test_classes_are_rungs_sizes_and_loads_in_their_order():
    rows = decided(
        run("p", "a", 0.1, rung="hard", weights=101, alpha=1.3),
        run("q", "a", 0.1, rung="easy", weights=64, alpha=0.83),
        run("r", "a", 0.1, rung="easy", weights=24, alpha=0.3),
        run("s", "a", 0.1, rung=None, weights=300, alpha=1.2),
    )

    assert [(row["rung"], row["weights_class"], row["alpha_class"]) for row in rows] == [
        ("", "> 128", "0.83 to 1.2"),
        ("easy", "≤ 24", "≤ 0.5"),
        ("easy", "24 to 64", "0.5 to 0.83"),
        ("hard", "64 to 128", "> 1.2"),
    ]


def test_runs_without_networks_get_a_sentence():
    with pytest.raises(InputError, match="nothing to decide"):
        decided(run("p", "a", 0.1, weights=math.nan))
