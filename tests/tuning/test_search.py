"""The search: it finds what is better on unseen problems, spends what it may, and goes on from its rows."""

from __future__ import annotations

import math

import pytest

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.runs.loop import run
from bnnbench.spec import parse_spec
from bnnbench.suite.file import Suite
from bnnbench.tuning.effort import effort_of, problem_score, score
from bnnbench.tuning.searches import Searching, plan_tuning

FAMILY = {"name": "random_function", "size": 5, "hidden": [[]], "samples": 12}


def suite(**changes):
    return Suite.model_validate(
        {
            "budget": {"reads": 20},
            "problems": [FAMILY | {"seed": [100, 101, 102, 103, 104, 105, 106, 107]}],
            "formulations": [{"name": "soft"}],
            "solvers": [{"name": "simulated_annealing", "num_sweeps": 1000}],
            "tune": {"clock": "evaluations", "trials": 12, "problems": [FAMILY | {"seed": [0, 1, 2, 3, 4, 5]}]}
            | changes.pop("tune", {}),
        }
        | changes
    )


def rows_of(cell):
    """Run a cell in this process."""
    outcome = run(
        compile_problem(cell.problem, cell.formulation), cell.solver.spec, budget=cell.solver.budget, seed=cell.seed
    )
    return vars(outcome)


def made_up(cell):
    """A run whose effort is least at 32 sweeps, and the same for every problem."""
    return made_up_in(1 + abs(math.log2(cell.solver.parameters["num_sweeps"] / 32)))


def made_up_in(spent):
    return {
        "status": "ok", "sample_s": spent, "time_to_target_s": spent, "evaluations": 1, "evaluations_to_target": 1,
        "loss_gap": 0.0, "num_reads": 1, "loss_successes": 1, "compile_s": 0.0, "prepare_s": 0.0, "judge_s": 0.0,
        "budget_seconds": None,
    }  # fmt: skip


def searched(asked, run_cell, tmp_path, known=None):
    """Run searches to their end, and return them with the rows of all runs, and how many were asked for."""
    plan = plan_tuning(asked, tmp_path)
    rows = dict(known or {})
    searching = Searching(plan.searches, plan.table, dict(rows))
    waiting, number = searching.first(), 0
    while waiting:
        cell = waiting.pop()
        number += 1
        rows[cell.key] = run_cell(cell)
        waiting += searching.after(cell, rows[cell.key])
    return plan, rows, number


FREE = [{"name": "simulated_annealing", "beta_range": [[0.1, 10.0]]}]
FIXED = [{"name": "soft", "penalty": 0.5}]


def test_it_comes_near_the_best_setting_and_counts_what_it_spent(tmp_path):
    asked = suite(solvers=FREE, formulations=FIXED, tune={"trials": 20, "clock": "seconds"})

    plan, rows, number = searched(asked, made_up, tmp_path)
    found = plan.tuned("s").pairs[0]

    assert 16 <= found.solver_parameters["num_sweeps"] <= 64
    assert found.value < found.default_value == pytest.approx(1 + math.log2(100 / 32))
    assert found.runs == number == len(rows)
    assert found.seconds == pytest.approx(sum(row["sample_s"] for row in rows.values()))
    assert found.trials == 20
    assert found.pruned > 0
    assert number < 6 * 21  # most settings end before they have met all problems


def test_a_solver_within_a_solver_is_tuned(tmp_path):
    def cell_of_wrapper(cell):
        inner = parse_spec(cell.solver.parameters["inner"])
        return made_up_in(1 + abs(math.log2(inner.parameters.get("num_sweeps", 100) / 32)))

    wrapped = [{"name": "control_errors", "inner": "simulated_annealing[beta_range=[0.1,10.0]]"}]
    plan, _, _ = searched(
        suite(solvers=wrapped, formulations=FIXED, tune={"clock": "seconds"}), cell_of_wrapper, tmp_path
    )

    found = plan.searches[0].result()
    assert found.value < found.default_value
    inner = parse_spec(found.solver_parameters["inner"])
    assert inner.name == "simulated_annealing"
    assert inner.parameters["beta_range"] == [0.1, 10.0]
    assert 8 <= inner.parameters["num_sweeps"] <= 128


def test_a_search_that_was_interrupted_goes_on_from_its_rows_to_the_same_end(tmp_path):
    asked = suite(solvers=FREE, formulations=FIXED, tune={"clock": "seconds"})
    whole, rows, number = searched(asked, made_up, tmp_path)
    some = dict(list(rows.items())[: number // 2])

    again, _, further = searched(asked, made_up, tmp_path, known=some)
    nothing_left = searched(asked, made_up, tmp_path, known=rows)[2]

    assert again.tuned("s") == whole.tuned("s")
    assert further == number - len(some)
    assert nothing_left == 0


def test_no_setting_is_tried_twice(tmp_path):
    table = {"clock": "seconds", "trials": 12}
    solvers = [{"name": "weight_search", "cost": "errors", "hot": 1.0}]  # of which num_sweeps may stay open

    plan, rows, _ = searched(suite(solvers=solvers, formulations=FIXED, tune=table), open_or_made_up, tmp_path)
    asked = {row["parameters"] for row in rows.values()}

    assert plan.tuned("s").pairs[0].trials == 12
    assert len(asked) == 13  # with the defaults


def open_or_made_up(cell):
    sweeps = cell.solver.parameters["num_sweeps"]
    spent = 1.0 if sweeps is None else 2.0  # so that the search would rather draw the defaults again
    return made_up_in(spent) | {"parameters": sweeps}


def test_a_search_of_few_settings_ends_when_all_are_tried(tmp_path):
    solvers = [{"name": "weight_search", "num_sweeps": 10, "hot": 1.0, "margin": 1.0}]  # errors or margins

    plan, _, _ = searched(suite(solvers=solvers, formulations=FIXED), lambda cell: made_up_in(1.0), tmp_path)

    assert plan.tuned("s").pairs[0].trials == 1


def test_the_defaults_stay_where_nothing_is_better(tmp_path):
    def constant(cell):
        return made_up(cell) | {"time_to_target_s": 1.0 if cell.solver.parameters["num_sweeps"] == 100 else 2.0}

    plan, _, _ = searched(suite(solvers=FREE, formulations=FIXED, tune={"clock": "seconds"}), constant, tmp_path)

    assert plan.tuned("s").pairs[0].solver_parameters == {}


def test_no_setting_is_begun_when_the_seconds_are_spent(tmp_path):
    table = {"clock": "seconds", "seconds": 1.0, "trials": 50}

    plan, _, _ = searched(suite(solvers=FREE, formulations=FIXED, tune=table), made_up, tmp_path)

    assert plan.tuned("s").pairs[0].trials == 0  # the defaults took more


def test_tuning_improves_problems_that_it_has_not_seen(tmp_path):
    """The ERT in evaluations, a geometric mean over 8 problems with 3 runs each; seen: 8 % of the defaults'."""
    plan, _, _ = searched(suite(solvers=[{"name": "simulated_annealing"}]), rows_of, tmp_path)
    entry = plan.tuned("s").pairs[0]
    default, tuned = (held_out(plan, *parameters) for parameters in (({}, {}), _parameters(entry)))

    assert tuned < 0.8 * default


def _parameters(entry):
    return entry.formulation_parameters, entry.solver_parameters


def held_out(plan, of_formulation, of_solver):
    from bnnbench.suite.planning import cell_of, with_parameters

    pair = with_parameters(plan.planned.pairs[0], of_formulation, of_solver)
    scores = []
    for problem in plan.planned.problems:
        rows = [rows_of(cell_of(problem, pair, 5, k)) for k in range(3)]
        scores.append(problem_score([effort_of(row, "evaluations", None) for row in rows], "ert"))
    return score(scores)


def test_problems_of_the_test_are_not_tuned_on(tmp_path):
    table = {"problems": [FAMILY | {"seed": [0, 103]}]}

    with pytest.raises(InputError, match=r"tuned on 1 of the suite's problems, such as random_function.*s103"):
        plan_tuning(suite(tune=table), tmp_path)


def test_of_a_set_the_split_tune_is_tuned_on_and_shares_no_problem_with_the_test(tmp_path):
    (tmp_path / "mine.toml").write_text(
        "[splits]\ntune = [0, 2]\ntest = [100, 101]\n[[cells]]\nname = 'small'\nfamily = 'random_function'\n"
        "size = 3\nsamples = 4\n"
    )
    asked = suite(problems=[{"set": "mine.toml"}], tune={"problems": []})

    planned = plan_tuning(asked, tmp_path)
    same = suite(problems=[{"set": "mine.toml"}], tune={"problems": [{"set": "mine.toml", "split": "test"}]})

    hashes = {problem.hash for problem in planned.problems}
    assert len(hashes) == 3
    assert len(planned.planned.problems) == 2
    assert not hashes & {problem.hash for problem in planned.planned.problems}
    with pytest.raises(InputError, match="tuned on 2 of the suite's problems"):
        plan_tuning(same, tmp_path)


def test_problems_are_met_in_an_order_that_mixes_the_tables(tmp_path):
    sizes = [FAMILY | {"samples": samples, "seed": [0, 1, 2, 3, 4, 5]} for samples in (8, 10)]
    forth, back = (plan_tuning(suite(tune={"problems": tables}), tmp_path).problems for tables in (sizes, sizes[::-1]))
    assert [problem.hash for problem in forth] == [problem.hash for problem in back]
    assert {problem.num_samples for problem in forth[:4]} == {8, 10}


def test_a_suite_without_a_set_has_to_say_what_to_tune_on(tmp_path):
    with pytest.raises(InputError, match="has no problems, and the suite tests on no set"):
        plan_tuning(suite(tune={"problems": []}), tmp_path)


def test_a_solver_of_the_network_is_searched_once_for_all_formulations(tmp_path):
    both = [{"name": "soft"}, {"name": "reduced"}]

    plan = plan_tuning(suite(formulations=both, solvers=[{"name": "weight_search"}, {"name": "tabu"}]), tmp_path)

    assert [str(search) for search in plan.searches] == [
        "weight_search on the network",
        "tabu on soft",
        "tabu on reduced",
    ]


def test_reads_that_are_no_independent_draws_have_no_time_to_solution_to_tune(tmp_path):
    with pytest.raises(InputError, match="no independent draws"):
        plan_tuning(suite(solvers=[{"name": "cpsat"}], tune={"objective": "tts"}), tmp_path)


def test_a_suite_without_the_table_is_told_what_to_write(tmp_path):
    with pytest.raises(InputError, match=r"give it a table \[tune\]"):
        plan_tuning(suite().model_copy(update={"tune": None}), tmp_path)
