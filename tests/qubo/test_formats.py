"""Files say to other programs' readers what the QUBO is."""

from __future__ import annotations

import json
import re

import dimod
import numpy as np
import pytest
from dimod.serialization import coo
from penalized import PENALTIES, all_states, assert_same_energies, penalized

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.qubo.formats import WRITERS, check_ending, write_qubo
from bnnbench.qubo.qubo import make_qubo, qubo_from_bqm

REAL = make_qubo(np.array([0.1, 0.0, -1 / 3, 0.0]), np.array([0, 2]), np.array([2, 1]), np.array([1e-7, -2.5]), 1.25)
INSTANCE = compile_problem(load_problem("majority"), "soft").qubo
QUBOS = [
    REAL,
    INSTANCE,
    make_qubo(np.zeros(2), np.zeros(0), np.zeros(0), np.zeros(0), -3.0),
    *map(penalized, PENALTIES),
]


NUMBER = r"-?\d+(\.\d+)?(e[-+]?\d+)?"
TERM = re.compile(rf"\d+ \d+ {NUMBER}")


def terms_of(lines):
    """Terms in the grammar that qbsolv and MQLib document: two places and a number, no pair twice."""
    assert all(TERM.fullmatch(line) for line in lines)
    terms = [(int(i), int(j), float(value)) for i, j, value in map(str.split, lines)]
    assert len({(i, j) for i, j, _ in terms}) == len(terms)
    assert all(i <= j for i, j, _ in terms)
    return terms


def energies_of_qbsolv(text, states):
    """Comments, then ``p qubo 0 maxNodes nNodes nCouplers``, then nodes, then couplers, from 0."""
    comment, head, *lines = text.splitlines()
    assert comment.startswith("c offset ")
    terms = terms_of(lines)
    num_nodes = sum(i == j for i, j, _ in terms)
    assert head == f"p qubo 0 {states.shape[1]} {num_nodes} {len(terms) - num_nodes}"
    assert all(i == j for i, j, _ in terms[:num_nodes])
    assert all(j < states.shape[1] for _, j, _ in terms)
    energies = sum((value * states[:, i] * states[:, j] for i, j, value in terms), np.zeros(len(states)))
    return float(comment.split()[2]) + energies


def energies_of_symmetric(text, states):
    """xᵀQx of the full symmetric matrix, of which the file has the upper triangle, from 1, behind both sizes."""
    *comments, head = text.splitlines()[:3]
    assert all(line.startswith("#") for line in comments)
    terms = terms_of(text.splitlines()[3:])
    assert head == f"{states.shape[1]} {len(terms)}"
    matrix = np.zeros((states.shape[1], states.shape[1]))
    for i, j, value in terms:
        matrix[i - 1, j - 1] = matrix[j - 1, i - 1] = value
    return float(text.partition("# ObjectiveOffset ")[2].split()[0]) + np.einsum("ki,ij,kj->k", states, matrix, states)


@pytest.mark.parametrize("qubo", QUBOS)
def test_qbsolv_reads_the_same_energies(qubo, tmp_path):
    write_qubo(qubo, tmp_path / "q.qubo")
    states = all_states(qubo)
    assert_same_energies(energies_of_qbsolv((tmp_path / "q.qubo").read_text(), states), qubo, states)


@pytest.mark.parametrize("qubo", QUBOS)
@pytest.mark.parametrize(("ending", "sign"), [("qs", 1), ("mqlib", -1)])
def test_qoblib_and_mqlib_read_the_same_energies(qubo, ending, sign, tmp_path):
    write_qubo(qubo, tmp_path / f"q.{ending}")
    states = all_states(qubo)
    read = energies_of_symmetric((tmp_path / f"q.{ending}").read_text(), states)
    assert_same_energies(sign * read, qubo, states)


@pytest.mark.parametrize("line", ["0 1 1,5", "0 1", "1 0 2.0", "0 1 nan", "x0 1 2.0"])
def test_the_strict_reader_refuses_what_the_grammar_does_not_have(line):
    with pytest.raises(AssertionError):
        terms_of([line])


def test_a_file_of_qoblib_looks_like_those_of_its_authors(tmp_path):
    write_qubo(make_qubo(np.array([2.0, -1.0]), np.array([0]), np.array([1]), np.array([3.0]), 5.0), tmp_path / "q.qs")
    expected = "# ObjectiveOffset 5.0\n# Vars Non-zeros\n2 3\n1 1 2.0\n1 2 1.5\n2 2 -1.0\n"
    assert (tmp_path / "q.qs").read_text() == expected


@pytest.mark.parametrize("qubo", QUBOS)
def test_dimod_reads_the_same_model(qubo, tmp_path):
    for ending in ("coo", "json", "bqm"):
        write_qubo(qubo, tmp_path / f"q.{ending}")
    with (tmp_path / "q.bqm").open("rb") as file:
        assert qubo_from_bqm(dimod.BinaryQuadraticModel.from_file(file)) == qubo
    read = dimod.BinaryQuadraticModel.from_serializable(json.loads((tmp_path / "q.json").read_text()))
    assert qubo_from_bqm(read) == qubo
    text = (tmp_path / "q.coo").read_text()
    read = coo.loads(text)
    read.offset = float(text.partition("offset=")[2].split()[0])
    assert qubo_from_bqm(read) == qubo


def test_other_endings_are_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(InputError, match=r"'.txt' is unknown; write to one of .coo, .json, .bqm, .qubo, .qs, .mqlib"):
        check_ending(tmp_path / "q.txt")


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_path_that_cannot_be_written_is_a_sentence(ending, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_qubo(REAL, tmp_path / "none" / f"q{ending}")


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_qubo_without_a_variable_is_written_as_its_offset(ending, tmp_path) -> None:
    none = np.zeros(0, dtype=np.int64)
    path = tmp_path / f"none{ending}"

    write_qubo(make_qubo(np.zeros(0), none, none, np.zeros(0), 2.5), path)

    assert b"2.5" in path.read_bytes() or ending == ".bqm"
