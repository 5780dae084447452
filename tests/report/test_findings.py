"""The sentences of a report say what the rows say."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from small_stores import fill, fill_failed

from bnnbench.charts.plot_data import read_plot_data
from bnnbench.report.findings import count, findings, listed, shortened
from bnnbench.store.store import open_store, read_store


def read(folder):
    with read_store(folder) as store:
        return read_plot_data(store)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return read(fill(tmp_path_factory.mktemp("findings") / "mine"))


def changed(data, **columns):
    """The same data with other columns, given as functions of the runs."""
    return replace(data, runs=data.runs.assign(**columns))


def test_a_store_without_runs_says_so(tmp_path):
    with open_store(tmp_path / "empty"):
        pass
    assert findings(read(tmp_path / "empty")) == ["empty holds no runs yet."]


def test_what_was_asked_is_counted_first(data):
    assert findings(data)[0] == "3 solvers on 3 problems in 3 formulations: 54 runs, of which 54 came to their end."


def test_the_solver_with_the_most_optima_is_named_with_its_interval(data):
    gaps = data.runs["solver"].map({"random": 1.0, "simulated_annealing": 0.0, "steepest_descent": 1.0})
    text = " ".join(findings(changed(data, loss_gap=gaps).where(lambda runs: runs["formulation"] == "compact")))
    assert (
        "simulated_annealing on compact reaches the certified optimum most often: in 100% of its runs, 95 % interval "
        "37% to 100%, over 3 problems; next is random with 0%." in text
    )
    assert "random and steepest_descent never reach the certified optimum." in text


def test_solvers_that_tie_are_all_named(data):
    text = " ".join(findings(changed(data, loss_gap=0.0)))
    assert "random, simulated_annealing on compact, simulated_annealing on reduced[penalty=1.0]" in text
    assert "and 2 more reach the certified optimum most often: in 100%" in text


def test_a_failed_run_reaches_nothing_whatever_it_had_found(data):
    text = " ".join(findings(changed(data, loss_gap=0.0, status="timeout")))
    assert "No solver reached the certified optimum in any run." in text
    assert "54 runs failed: random (18 timeout), simulated_annealing (18 timeout) and steepest_descent" in text


def test_solvers_compete_only_on_the_same_problems(data):
    runs = data.runs
    problem = runs["problem"].iloc[0]
    part = runs[(runs["solver"] != "random") | (runs["problem"] == problem)]
    gaps = part["solver"].map({"random": 0.0, "simulated_annealing": 0.0, "steepest_descent": 1.0})
    text = " ".join(findings(replace(data, runs=part.assign(loss_gap=gaps))))
    assert (
        "simulated_annealing on reduced[penalty=3.0] reach the certified optimum most often, of 6 that were asked"
        in text
    )


def test_as_many_problems_are_not_the_same_problems(data):
    runs = data.runs
    first = runs["problem"] == runs["problem"].iloc[0]
    part = runs[(runs["solver"] == "random") & first | (runs["solver"] == "steepest_descent") & ~first]
    part = pd.concat([part, runs[(runs["solver"] == "simulated_annealing") & ~first]])
    part = part[part["formulation"] == "compact"]
    text = " ".join(findings(replace(data, runs=part.assign(loss_gap=0.0))))
    assert "simulated_annealing on compact and steepest_descent on compact reach the certified optimum most" in text
    assert "most often, of 2 that were asked on the same problems" in text


def test_a_solver_of_the_network_competes_with_every_qubo(data):
    runs = data.runs
    part = runs[(runs["solver"] != "random") | (runs["formulation"] == "compact")]
    gaps = part["solver"].map({"random": 0.0, "simulated_annealing": 1.0, "steepest_descent": 1.0})
    text = " ".join(findings(replace(data, runs=part.assign(loss_gap=gaps))))
    assert "random reaches the certified optimum most often: in 100%" in text


def test_a_solver_that_is_worse_on_every_problem_wins_by_no_number_of_runs(data):
    runs = data.runs
    first = runs["problem"] == runs["problem"].iloc[0]
    rest = runs["problem"] != runs["problem"].iloc[0]
    one, other = runs["solver"] == "random", runs["solver"] == "steepest_descent"

    def some(where, times, solved):
        part = pd.concat([runs[where].iloc[:1]] * times, ignore_index=True)
        return part.assign(loss_gap=[0.0 if k < solved else 1.0 for k in range(times)])

    part = pd.concat([
        some(one & first, 12, 12), some(one & rest, 105, 48), some(other & first, 52, 44), some(other & rest, 105, 44),
    ])  # fmt: skip
    text = " ".join(findings(replace(data, runs=part)))
    assert "random reaches the certified optimum most often: in 73% of its runs, over 2 problems; next is" in text


def test_an_optimum_that_is_only_best_known_is_no_data(data):
    text = " ".join(findings(changed(data, truth_kind="best_known")))
    assert "No run has a certified optimum, so that nothing can be said of who reaches it." in text


def test_who_is_never_better_than_random_is_named(data):
    gaps = data.runs["solver"].map({"random": 1.0, "simulated_annealing": 0.0, "steepest_descent": 1.0})
    text = " ".join(findings(changed(data, loss_gap=gaps)))
    assert "steepest_descent on reduced[penalty=1.0] and steepest_descent on reduced[penalty=3.0] are never" in text
    assert "simulated_annealing on" not in text.partition("are never better than random")[0].rpartition(".")[2]


def test_the_floor_counts_beside_every_qubo(data):
    """The report of a study called annealing never better than guessing, which had run beside one of its QUBOs."""
    runs = data.runs
    part = runs[(runs["solver"] != "random") | (runs["formulation"] == "compact")]
    gaps = (2.0 * (part["formulation"] == "compact")).where(part["solver"] != "random", 1.0)
    text = " ".join(findings(replace(data, runs=part.assign(loss_gap=gaps))))
    assert "simulated_annealing on compact and steepest_descent on compact are never better than random" in text


def test_where_random_is_optimal_nobody_is_blamed(data):
    text = " ".join(findings(changed(data, loss_gap=0.0)))
    assert "Random weights alone reach the optimum on 3 of 3 problems" in text
    assert "never better" not in text


def test_without_random_there_is_no_floor(data):
    part = data.where(lambda runs: runs["solver"] != "random")
    assert any(sentence.startswith("No run samples at random") for sentence in findings(part))


def test_a_floor_of_another_name_is_a_floor(data):
    solvers = data.runs["solver"].replace({"random": "guesser"})
    gaps = solvers.map({"guesser": 1.0, "simulated_annealing": 0.0, "steepest_descent": 1.0})
    text = " ".join(findings(changed(data, solver=solvers, loss_gap=gaps)))
    assert "steepest_descent on reduced[penalty=3.0] are never better than random weights where those miss" in text


def test_differences_are_called_clear_only_where_they_are(data):
    runs = data.runs
    many = pd.concat([runs.assign(problem=f"{k}", problem_hash=f"{k}") for k in range(10)])
    gaps = many["solver"].map({"random": 2.0, "simulated_annealing": 0.0, "steepest_descent": 2.0})
    text = " ".join(findings(replace(data, runs=many.assign(loss_gap=gaps))))
    assert "On compact, loss gaps differ by more than chance in 2 of 3 pairs of solvers; most clearly," in text
    assert "simulated_annealing is better than" in text
    equal = " ".join(findings(replace(data, runs=many.assign(loss_gap=1.0))))
    assert equal.count("No difference in loss gap was found between solvers (Wilcoxon, Holm-corrected).") == 1
    few = " ".join(findings(data))
    assert "by more than chance" not in few
    assert few.count("3 problems are too few to tell solvers apart by loss gap.") == 1


def test_who_fails_where_it_matters_is_not_the_better_one(data):
    """Won more often, by next to nothing, and failed elsewhere: the ranks are against it."""
    runs = data.runs[data.runs["formulation"] == "compact"]
    one = runs[runs["solver"] != "random"].drop_duplicates("solver")
    many = pd.concat([one.assign(problem=f"{k}", problem_hash=f"{k}") for k in range(40)], ignore_index=True)
    wins = many["solver"] == "steepest_descent"
    many["loss_gap"] = many["problem"].astype(int) / 1000 + 0.001
    many.loc[wins, "loss_gap"] = 0.0
    many["status"] = ["crash" if win and int(p) >= 21 else "ok" for win, p in zip(wins, many["problem"], strict=True)]
    text = " ".join(findings(replace(data, runs=many)))
    assert "most clearly, simulated_annealing is better than steepest_descent" in text


def test_a_floor_that_failed_says_nothing(data):
    status = data.runs["solver"].map({"random": "crash"}).fillna("ok")
    text = " ".join(findings(changed(data, loss_gap=9.0, status=status)))
    assert "better than random" not in text


def test_flags_and_missing_optima_are_told(data):
    flags = data.runs["solver"].map({"random": "a false bound"}).fillna("")
    text = " ".join(findings(replace(changed(data, flag_texts=flags), truths={})))
    assert "18 runs are flagged, of random; see Flags." in text
    assert "The optimum is certified for 0 of 3 problems. No optimum is known for" in text
    assert "flagged" not in " ".join(findings(data)), "what says nothing is not said"


def test_where_all_failed_every_sentence_holds(tmp_path):
    text = " ".join(findings(read(fill_failed(tmp_path / "failed"))))
    assert "4 runs, of which 0 came to their end." in text
    assert "refused_solver did not apply to some instances" in text
    assert "unavailable_solver could not be run here" in text


def test_numbers_and_lists_are_written_as_one_says_them():
    assert [count(1, "run"), count(2000, "run")] == ["1 run", "2,000 runs"]
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert shortened(list("abcdefg")) == "a, b, c, d, e and 2 more"
