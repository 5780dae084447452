"""Exchange files are read back as they were written, and others as their formats say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from triplets import build, triplets

from bnnbench.errors import InputError
from bnnbench.qubo.formats import write_qubo
from bnnbench.qubo.qubo import make_qubo
from bnnbench.qubo.reading import READERS, read_qubo

EXACT = [ending for ending in READERS if ending != ".lp"]


@pytest.mark.parametrize("ending", EXACT)
@given(content=triplets())
@settings(max_examples=25, deadline=None)
def test_a_file_that_was_written_is_read_back(ending, content, tmp_path_factory):
    qubo = build(content)
    path = tmp_path_factory.mktemp("files") / f"q{ending}"
    write_qubo(qubo, path)

    found = read_qubo(path)

    states = np.array([[k >> i & 1 for i in range(qubo.num_variables)] for k in range(2**qubo.num_variables)])
    assert found.energies(states).tolist() == qubo.energies(states).tolist()


@pytest.mark.parametrize("ending", EXACT)
def test_digits_are_kept(ending, tmp_path):
    qubo = make_qubo(np.array([0.1, -1 / 3]), np.array([0]), np.array([1]), np.array([1e-7]), 2 / 3)
    write_qubo(qubo, tmp_path / f"q{ending}")

    assert read_qubo(tmp_path / f"q{ending}") == qubo


def test_an_lp_file_is_a_quadratic_objective_over_bits(tmp_path):
    text = "Minimize\n obj: - x + 2 y + [ 6 x * y + 4 x ^2 ] / 2\nSubject To\nBounds\nBinaries\n x y\nEnd\n"
    (tmp_path / "q.lp").write_text(text)

    qubo = read_qubo(tmp_path / "q.lp")

    assert qubo.energies([[1, 0], [0, 1], [1, 1]]).tolist() == [1.0, 2.0, 6.0]


QS = "# a comment\n2 3\n1 1 -1.5\n1 2 2\n2 2 1\n"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("q.qs", QS.replace("2 2 1", "2 3 1"), "the head says 2 variables, but number 3 occurs"),
        ("q.qs", QS.replace("2 2 1", "0 2 1"), "numbered below 1"),
        ("q.qs", QS.replace("2 2 1", "2 2"), "a line has 2 entries"),
        ("q.qs", QS.replace("2 2 1", "2 2 nan"), "cannot be used"),
        ("q.qs", "", "none of the kind .qs"),
        ("q.coo", "# vartype=SPIN\n0 0 1\n", "its variables are spins"),
        ("q.coo", "", "there is no variable"),
        ("q.qubo", "0 0 1\n", "it needs one line"),
        ("q.json", "{}", "none of the kind .json"),
        ("q.bqm", "nothing", "none of the kind .bqm"),
        ("q.lp", "Minimize\n obj: x\nSubject To\n c: x + y <= 1\nBinaries\n x y\nEnd\n", "has 1 constraints"),
        ("q.lp", "Minimize\n obj: x\nSubject To\nGenerals\n x\nEnd\n", "not all of its variables are binary"),
        ("q.csv", "", "the ending '.csv' is unknown"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)

    with pytest.raises(InputError, match=sentence):
        read_qubo(tmp_path / name)


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_qubo(tmp_path / "q.qs")
