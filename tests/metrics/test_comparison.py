"""Results beside others: what is the same is compared, and chance is not called a difference."""

from __future__ import annotations

import math

import made_stores
import pandas as pd
import pytest
from made_stores import FAILED, ended, fill

from bnnbench.cli._screen import Screen
from bnnbench.errors import InputError
from bnnbench.metrics import holm
from bnnbench.metrics.comparison import compare_runs, other_references
from bnnbench.store.store import open_store


def runs(costs, solver="s", **changes):
    """A run on each of as many problems."""
    return pd.DataFrame([
        {
            "problem": f"p{n}", "problem_hash": f"h{n}", "formulation": "reduced", "solver": solver, "status": "ok",
            "optimum": 0.0, "is_sound": 1, "loss_gap": cost,
        } | changes
        for n, cost in enumerate(costs)
    ])  # fmt: skip


def test_a_solver_is_compared_with_itself_over_common_problems():
    found = compare_runs(runs([0, 1, 2, 3, 4, 5, 6, 7]), runs([1, 2, 3, 4, 5, 6, 7])).iloc[0]
    assert (found["problems"], found["first_better"], found["second_better"], found["equal"]) == (7, 7, 0, 0)
    assert (found["first_median"], found["second_median"]) == (3, 4)
    assert found["p"] == 2 / 2**7, "all seven signs alike"


def test_five_problems_never_are_significant():
    assert compare_runs(runs([0] * 5), runs([9] * 5)).iloc[0]["p"] > 0.05
    assert compare_runs(runs([0] * 6), runs([9] * 6)).iloc[0]["p"] < 0.05


def test_a_solver_that_only_one_has_is_compared_with_all_of_the_other():
    mine = pd.concat([runs([0] * 6, "mine"), runs([1] * 6, "tabu")])
    published = pd.concat([runs([1] * 6, "tabu"), runs([2] * 6, "random")])
    found = compare_runs(mine, published)
    assert found[["first", "second"]].to_numpy().tolist() == [["mine", "random"], ["tabu", "tabu"]]
    found = compare_runs(runs([0] * 6, "mine"), published)
    assert found[["first", "second"]].to_numpy().tolist() == [["mine", "random"], ["mine", "tabu"]]
    assert found["p_holm"].tolist() == holm(found["p"]).tolist()


def test_a_comparison_says_what_both_sides_read_of_an_instance():
    first = runs([0] * 6, "tabu", works_on="qubo")
    second = pd.concat([runs([1] * 6, "tabu", works_on="qubo"), runs([0] * 6, "weight_search", works_on="network")])
    only = runs([0] * 6, "annealing", works_on="qubo")

    assert compare_runs(first, second)["works_on"].tolist() == ["qubo"]
    assert compare_runs(only, second)["works_on"].tolist() == ["qubo", "qubo, network"]


def test_a_comparison_over_too_few_problems_is_not_among_those_that_are_corrected_for():
    few = compare_runs(pd.concat([runs([0] * 6), runs([0] * 5, formulation="soft")]),
                       pd.concat([runs([1] * 6), runs([1] * 5, formulation="soft")]))  # fmt: skip
    assert few["p_holm"].round(6).tolist()[0] == 2 / 2**6
    assert math.isnan(few["p_holm"].iloc[1])


def test_problems_that_count_from_another_best_known_loss_are_left_out():
    first, second = runs([0] * 8), runs([1] * 8)
    second.loc[:1, "optimum"] = 3.0

    assert other_references(first, second)[["problem", "first", "second"]].to_numpy().tolist() == [
        ["p0", 0, 3], ["p1", 0, 3],
    ]  # fmt: skip
    assert compare_runs(first, second).iloc[0]["problems"] == 6
    assert compare_runs(first.assign(sample_s=1.0), second.assign(sample_s=1.0), "sample_s").iloc[0]["problems"] == 8
    assert other_references(first, runs([1] * 8)).empty
    with pytest.raises(InputError, match="different best known losses on every problem; unite them"):
        compare_runs(first[:2], second[:2])


def test_repetitions_are_one_problem():
    many = pd.concat([runs([0, 0])] * 10, ignore_index=True)
    found = compare_runs(many, runs([1, 1])).iloc[0]
    assert found["problems"] == 2
    assert found["p"] == 0.5


def test_what_failed_is_worst_and_what_was_not_asked_is_left_out():
    failed = runs([0, 0], status="crash", loss_gap=None)
    assert compare_runs(failed, runs([7, 7])).iloc[0][["second_better", "first_median"]].tolist() == [2, math.inf]
    with pytest.raises(InputError, match="no two solvers have a value to compare: they were not asked, or no optimum"):
        compare_runs(runs([0], status="refused", loss_gap=None), runs([1]))


def test_other_data_under_the_same_name_is_another_problem():
    with pytest.raises(InputError, match="no problem with a formulation in common"):
        compare_runs(runs([0]), runs([0], problem_hash="other"))
    with pytest.raises(InputError, match="no problem with a formulation in common"):
        compare_runs(runs([0]), runs([0], formulation="soft"))


def test_the_verb_prints_both_with_p(bnnbench_, tmp_path):
    mine = fill(tmp_path / "mine", {("compact", "new[x=1]"): [ended(0)], ("compact", "bad"): FAILED})
    other = fill(tmp_path / "published", {("compact", "old"): [ended(2)]})
    code, out, err = bnnbench_("compare", mine, other, "--by", "loss_gap")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines() if line.startswith("compact")]
    assert lines == [
        ["compact", "bad", "old", "1", "∞", "2", "0", "1", "0", "–", "–", "–"],
        ["compact", "new[x=1]", "old", "1", "0", "2", "1", "0", "0", "–", "–", "–"],
    ]
    assert "Too few distinct problems to tell solvers apart (6 are needed): 1 on compact." in out
    assert "Wilcoxon" not in out
    assert "differ." not in out


def test_what_too_few_problems_leave_open_takes_no_room_from_names(bnnbench_, tmp_path, monkeypatch):
    monkeypatch.setattr("bnnbench.cli.compare.open_screen", lambda: Screen(width=80, markup=False))
    solver = "simulated_annealing[num_sweeps=100]"
    mine = fill(tmp_path / "mine", {("compact", solver): [ended(0)]})
    other = fill(tmp_path / "published", {("compact", solver.replace("100", "200")): [ended(2)]})

    _, out, _ = bnnbench_("compare", mine, other, "--by", "loss_gap")

    assert "p (Holm)" in out.partition("Columns left out: ")[2]
    assert "simulated_annealing" in out, "whole"


def test_what_is_compared_by_may_be_any_column_and_more_can_be_better(bnnbench_, tmp_path):
    mine = fill(tmp_path / "mine", {("compact", "s"): [ended(0, train_accuracy=0.75)]})
    other = fill(tmp_path / "published", {("compact", "s"): [ended(0, train_accuracy=1.0)]})
    code, out, _ = bnnbench_("compare", mine, other, "--by", "train_accuracy")
    (line,) = [line.split() for line in out.splitlines() if line.startswith("compact")]
    assert (code, line[3:9]) == (0, ["1", "0.75", "1", "0", "1", "0"])
    code, _, err = bnnbench_("compare", mine, other, "--by", "mean_los_gap")
    assert code == 2
    assert "did you mean mean_loss_gap" in err


def test_budgets_machines_and_versions_that_differ_are_named(bnnbench_, tmp_path, monkeypatch):
    mine = fill(tmp_path / "mine", {("compact", "s"): [ended()]})
    monkeypatch.setitem(made_stores.MACHINE, "cpu", "Another CPU")
    monkeypatch.setitem(made_stores.MACHINE, "bnnbench", "0.2.0")
    other = fill(tmp_path / "published", {("compact", "s"): [ended()]})
    out = " ".join(bnnbench_("compare", mine, other)[1].split())
    assert "Machines differ. mine: A <fast> CPU & more; published: Another CPU." in out
    assert "Versions differ. mine: bnnbench 0.1.0; published: bnnbench 0.2.0." in out
    assert "Budgets" not in out


def test_problems_that_are_one_when_merged_count_once():
    several = runs([0, 0, 0, 1, 1, 1, 1, 1])
    merged = [f"m{n // 2}" for n in range(8)]
    found = compare_runs(several.assign(merged_hash=merged), runs([9] * 8).assign(merged_hash=merged)).iloc[0]
    assert (found["problems"], found["first_better"]) == (4, 4)
    assert math.isnan(found["p_holm"]), "four are too few"
    assert compare_runs(several, runs([9] * 8)).iloc[0]["problems"] == 8, "nothing is known of merging"


def test_the_verb_compares_expected_running_times_unless_told_otherwise(bnnbench_, tmp_path):
    mine = fill(tmp_path / "mine", {("compact", "s"): [ended(0, time_to_target_s=0.25), ended(1)]})
    other = fill(tmp_path / "published", {("compact", "s"): [ended(0, time_to_target_s=0.5)]})
    code, out, err = bnnbench_("compare", mine, other)
    assert (code, err) == (0, "")
    (line,) = [line.split() for line in out.splitlines() if line.startswith("compact")]
    assert line[3:6] == ["1", "0.75", "0.5"]  # (0.25 s + 0.5 s) / 1, and 0.5 s


def test_an_empty_folder_is_a_sentence(bnnbench_, tmp_path):
    mine = fill(tmp_path / "mine", {("compact", "s"): [ended()]})
    with open_store(tmp_path / "none"):
        pass
    code, _, err = bnnbench_("compare", mine, tmp_path / "none")
    assert code == 2
    assert "holds no runs yet" in err
    assert bnnbench_("compare", mine, tmp_path / "nowhere")[0] == 2
