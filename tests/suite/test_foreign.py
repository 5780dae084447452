"""QUBOs of files are instances of a suite: run, judged, stored and verified as networks are, by their energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnnbench.errors import InputError
from bnnbench.qubo.formats import write_qubo
from bnnbench.qubo.qubo import make_qubo
from bnnbench.store.store import read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

EXAMPLE = Path(__file__).parents[2] / "docs" / "foreign" / "maxcut.toml"
SUITE = """
[budget]
seconds = 0.2
{instances}
[[solvers]]
name = "random"
[[solvers]]
name = "weight_search"
"""
TABLE = '[[instances]]\nfile = "a.coo"\noptimum = {}\n'


@pytest.fixture
def folder(tmp_path):
    """A folder with a QUBO of three variables whose ground energy is −3."""
    qubo = make_qubo(np.array([-1.0, -2.0, 1.0]), np.array([0]), np.array([2]), np.array([-0.5]), 0.0)
    write_qubo(qubo, tmp_path / "a.coo")
    return tmp_path


@pytest.fixture
def command(folder, monkeypatch, bnnbench_):
    """A command in the folder: its exit code and what it prints."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        code, out, err = bnnbench_(*arguments)
        return code, out + err

    return run


def rows_of(command, folder, optimum):
    """The rows of runs of a suite on the QUBO, of which the optimum is known so."""
    (folder / "s.toml").write_text(SUITE.format(instances=TABLE.format(optimum)))
    code, text = command("run", "s.toml", "--out", "out")
    assert code == 0, text
    with read_store(folder / "out") as store:
        return store.runs().set_index("solver")


def test_a_small_qubo_is_visited_and_its_gap_is_that_of_the_energy(folder, command):
    rows = rows_of(command, folder, '"unknown"')

    best = rows.loc["random"]
    assert (best["energy"], best["energy_gap"], best["loss_gap"]) == (-3.0, 0.0, 0.0)
    assert (best["optimum"], best["truth_kind"], best["num_optima"]) == (-3.0, "exhaustive", 1)
    assert best[["num_weights", "alpha", "train_accuracy", "best_accuracy"]].isna().all()
    assert rows.loc["weight_search", "status"] == "refused"
    assert "has none" in rows.loc["weight_search", "message"]
    assert command("verify", "out")[0] == 0
    assert command("report", "out", "-o", "r.html")[0] == 0


def test_a_given_optimum_is_called_so_and_a_wrong_one_is_found_out(folder, command):
    rows = rows_of(command, folder, "-2.0")

    assert rows.loc["random", "truth_kind"] == "given"
    assert "below the" in rows.loc["random", "flag_texts"]
    code, text = command("verify", "out")
    assert code == 1
    assert "the ground energy is -3, and not -2" in text


def test_a_solver_can_prove_the_optimum(folder, command):
    assert rows_of(command, folder, '"cpsat"').loc["random", ["optimum", "truth_kind"]].tolist() == [-3.0, "proved"]


@pytest.mark.parametrize(
    ("instances", "sentence"),
    [
        ("", "'problems' is missing"),
        ('[[instances]]\nfile = "b.coo"\n', "b.coo cannot be read"),
        ('[[instances]]\nfile = "../a.coo"\n', "leaves the suite's folder"),
        ('[[instances]]\nfiles = "a.coo"\n', "did you mean file"),
        (TABLE.format('"gurobi"'), "optimum"),
        (TABLE.format("true"), "optimum"),
    ],
)
def test_a_wrong_table_gets_a_sentence(folder, instances, sentence):
    (folder / "s.toml").write_text(SUITE.format(instances=instances))

    with pytest.raises(InputError, match=sentence):
        plan(read_suite(folder / "s.toml"), folder)


def test_the_example_of_the_docs_is_a_suite():
    planned = plan(read_suite(EXAMPLE), EXAMPLE.parent)

    assert {(cell.problem.name, str(cell.formulation)) for cell in planned.cells()} == {("maxcut24.qs", "given")}
