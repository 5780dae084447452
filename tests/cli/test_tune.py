"""The verb that searches parameters, and the suite that names what it found."""

from __future__ import annotations

import pytest

from bnnbench.store.store import read_store
from bnnbench.suite.tuned import read_tuned

SUITE = """
{parameters}
[budget]
reads = 10

[[problems]]
name = "random_function"
size = 3
samples = 4
seed = [{test}]

[[formulations]]
name = "reduced"

[[solvers]]
name = "simulated_annealing"

[tune]
trials = 3
clock = "evaluations"

[[tune.problems]]
name = "random_function"
size = 3
samples = 4
seed = [0, 1]
"""
TUNED = """# Parameters that bnnbench tune found; a suite names this file with: parameters = "tuned.toml"
suite = "small.toml"
objective = "ert in seconds"
problems = ["{problem}"]

[[pairs]]
solver = "simulated_annealing"
formulation = "reduced"
solver_parameters = {{num_sweeps = 7, beta_range = [0.5, 9.0]}}
formulation_parameters = {{penalty = [0.5, 1.5]}}
value = 1.0
default_value = 2.0
trials = 1
pruned = 0
runs = 4
seconds = 0.5

[[pairs]]
solver = "tabu"
formulation = "reduced"
solver_parameters = {{}}
formulation_parameters = {{}}
value = 1.0
default_value = 1.0
trials = 3
pruned = 1
runs = 9
seconds = 1.8
"""


def write(folder, *, test="10, 11", tuned=None):
    suite = folder / "small.toml"
    suite.write_text(SUITE.format(test=test, parameters="" if tuned is None else 'parameters = "tuned.toml"'))
    if tuned is not None:
        (folder / "tuned.toml").write_text(TUNED.format(problem=tuned))
    return suite


def test_a_search_leaves_its_runs_and_a_file_and_asks_for_nothing_again(bnnbench_, tmp_path):
    suite, folder = write(tmp_path), tmp_path / "found"

    code, out, _ = bnnbench_("tune", suite, "--out", folder)
    with read_store(folder) as store:
        keys = store.run_keys()
    again = bnnbench_("tune", suite, "--out", folder)

    assert code == again[0] == 0
    assert "simulated_annealing" in out
    assert "cost [s]" in out
    found = read_tuned(folder / "tuned.toml")
    assert found.pairs[0].runs == len(keys) >= 4
    assert found.pairs[0].seconds > 0
    with read_store(folder) as store:
        assert store.run_keys() == keys


def test_tuned_parameters_run_beside_the_defaults(bnnbench_, tmp_path):
    suite = write(tmp_path, tuned="0" * 64)

    code, _, _ = bnnbench_("run", suite, "--out", tmp_path / "runs")

    with read_store(tmp_path / "runs") as store:
        runs = store.runs()
    compared = bnnbench_("tune", suite, "--compare", tmp_path / "runs")
    assert (code, compared[0]) == (0, 0), compared[2]
    assert "tuned ÷ default" in compared[1]
    assert "num_sweeps=7" in compared[1]
    assert "2/2" in compared[1], "both settings solved both problems"
    assert "tabu on reduced: no setting was better than the defaults, of 3" in " ".join(compared[1].split())
    assert set(zip(runs["formulation"], runs["solver"], strict=True)) == {
        ("reduced", "simulated_annealing"),
        ("reduced[penalty=[0.5,1.5]]", "simulated_annealing[num_sweeps=7,beta_range=[0.5,9.0]]"),
    }


def test_a_comparison_names_the_problems_that_it_left_out(bnnbench_, tmp_path):
    suite = write(tmp_path, test="10", tuned="0" * 64)
    bnnbench_("run", suite, "--out", tmp_path / "runs")

    whole = bnnbench_("tune", suite, "--compare", tmp_path / "runs")[1]
    write(tmp_path, test="10, 11", tuned="0" * 64)
    part = bnnbench_("tune", suite, "--compare", tmp_path / "runs")[1]

    assert "simulated_annealing on reduced: left out" in " ".join(part.split())
    assert "s11" in part
    assert "left out" not in whole


def test_what_was_tuned_on_is_not_tested_on(bnnbench_, tmp_path):
    from bnnbench.plugins.registry import load_problem

    problem = load_problem("random_function[size=3,samples=4,seed=10]")

    code, _, err = bnnbench_("run", write(tmp_path, tuned=problem.hash), "--out", tmp_path / "runs")
    also = bnnbench_("tune", write(tmp_path, test="0, 11"), "--out", tmp_path / "found")

    assert code == also[0] == 2
    assert "tuned.toml: the parameters were tuned on 1 of the suite's problems" in err
    assert "[tune]: the parameters were tuned on 1 of the suite's problems" in also[2]
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("suite = 1", "the key 'suite'"), ("[", "is not TOML"), (None, "cannot be read")],
)
def test_a_file_of_parameters_that_is_none_is_refused_in_a_sentence(bnnbench_, tmp_path, text, sentence):
    suite = write(tmp_path, tuned="0" * 64)
    (tmp_path / "tuned.toml").unlink()
    if text is not None:
        (tmp_path / "tuned.toml").write_text(text)

    code, _, err = bnnbench_("run", suite, "--out", tmp_path / "runs")

    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
