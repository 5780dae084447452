"""Files say to other programs' readers what the QUBO is."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import dimod
import numpy as np
import pytest
from dimod.serialization import coo
from hypothesis import given, settings
from triplets import build, triplets

from bnnbench.errors import InputError
from bnnbench.plugins.registry import load_problem
from bnnbench.qubo.formats import WRITERS, check_ending, write_qubo
from bnnbench.qubo.instance import compile as compile_problem
from bnnbench.qubo.qubo import make_qubo, qubo_from_bqm

REAL = make_qubo(np.array([0.1, 0.0, -1 / 3, 0.0]), np.array([0, 2]), np.array([2, 1]), np.array([1e-7, -2.5]), 1.25)
INSTANCE = compile_problem(load_problem("majority"), "soft").qubo
QUBOS = [REAL, INSTANCE, make_qubo(np.zeros(2), np.zeros(0), np.zeros(0), np.zeros(0), -3.0)]


def all_states(qubo):
    n = qubo.num_variables
    if n <= 10:
        return (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return np.random.default_rng(0).integers(0, 2, size=(200, n))


def numbers_of(text, comments):
    """Lines of numbers behind the header, by the published description of the formats alone."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith(comments)]
    return lines[0], [(int(i), int(j), float(value)) for i, j, value in lines[1:]]


def energies_of_qbsolv(text, states):
    head, terms = numbers_of(text, "c")
    assert head[:3] == ["p", "qubo", "0"]
    diagonal = [term for term in terms if term[0] == term[1]]
    assert [int(number) for number in head[3:]] == [states.shape[1], len(diagonal), len(terms) - len(diagonal)]
    assert all(i <= j < states.shape[1] for i, j, _ in terms)
    offset = float(text.partition("c offset ")[2].split()[0])
    return offset + sum((value * states[:, i] * states[:, j] for i, j, value in terms), np.zeros(len(states)))


def energies_of_symmetric(text, states):
    """xᵀQx of the full symmetric matrix, of which the file has the upper triangle."""
    head, terms = numbers_of(text, "#")
    assert [int(number) for number in head] == [states.shape[1], len(terms)]
    matrix = np.zeros((states.shape[1], states.shape[1]))
    for i, j, value in terms:
        matrix[i - 1, j - 1] = matrix[j - 1, i - 1] = value
    return float(text.partition("# ObjectiveOffset ")[2].split()[0]) + np.einsum("ki,ij,kj->k", states, matrix, states)


@pytest.mark.parametrize("qubo", QUBOS)
def test_qbsolv_reads_the_same_energies(qubo, tmp_path):
    write_qubo(qubo, tmp_path / "q.qubo")
    states = all_states(qubo)
    np.testing.assert_allclose(energies_of_qbsolv((tmp_path / "q.qubo").read_text(), states), qubo.energies(states))


@pytest.mark.parametrize("qubo", QUBOS)
@pytest.mark.parametrize(("ending", "sign"), [("qs", 1), ("mqlib", -1)])
def test_qoblib_and_mqlib_read_the_same_energies(qubo, ending, sign, tmp_path):
    write_qubo(qubo, tmp_path / f"q.{ending}")
    states = all_states(qubo)
    read = energies_of_symmetric((tmp_path / f"q.{ending}").read_text(), states)
    np.testing.assert_allclose(sign * read, qubo.energies(states))


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
    terms = coo.load(io.StringIO((tmp_path / "q.coo").read_text()))
    assert {i for i, value in terms.linear.items() if value} <= set(range(qubo.num_variables))
    for i, j, value in zip(qubo.rows, qubo.cols, qubo.couplings, strict=True):
        assert terms.get_quadratic(int(i), int(j)) == pytest.approx(value, abs=1e-6)


def solved_by_highs(path):
    """Objective, values of bits, and sizes, as HiGHS reads the file."""
    highspy = pytest.importorskip("highspy", reason="needs highspy: pip install bnnbench[more-solvers]")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", "off")
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    model = highs.getLp()
    values = dict(zip(model.col_names_, highs.getSolution().col_value, strict=True))
    return highs.getInfo().objective_function_value, values, model


@pytest.mark.parametrize("ending", ["lp", "mps"])
@pytest.mark.parametrize("qubo", [REAL, QUBOS[2]])
def test_a_mip_solver_finds_the_ground_energy(qubo, ending, tmp_path):
    path = tmp_path / f"q.{ending}"
    write_qubo(qubo, path)
    objective, values, model = solved_by_highs(path)
    ground = qubo.energies(all_states(qubo)).min()
    assert objective == pytest.approx(ground)
    bits = np.array([[round(values[f"x{i}"]) for i in range(qubo.num_variables)]])
    assert qubo.energies(bits)[0] == pytest.approx(ground)
    assert sum(str(kind).endswith("kInteger") for kind in model.integrality_) == qubo.num_variables


@settings(deadline=None, max_examples=20)
@given(triplets())
def test_any_qubo_has_its_ground_energy_in_mps(content):
    import tempfile

    qubo = build(content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.mps"
        write_qubo(qubo, path)
        assert solved_by_highs(path)[0] == pytest.approx(qubo.energies(all_states(qubo)).min())


def test_ortools_reads_what_was_written(tmp_path):
    from ortools.linear_solver.python import model_builder

    write_qubo(INSTANCE, tmp_path / "q.mps")
    model = model_builder.ModelBuilder()
    assert model.import_from_mps_file(str(tmp_path / "q.mps"))
    num_products = INSTANCE.num_couplings
    assert model.num_variables == INSTANCE.num_variables + num_products
    assert model.num_constraints == 3 * num_products
    assert math.isclose(model.helper.objective_offset(), INSTANCE.offset)
    for variable, cost in enumerate([*INSTANCE.linear.tolist(), *INSTANCE.couplings.tolist()]):
        assert model.helper.var_objective_coefficient(variable) == cost, "with all digits"
        assert model.helper.var_is_integral(variable) == (variable < INSTANCE.num_variables)


@pytest.mark.parametrize("ending", ["lp", "mps"])
def test_no_digit_is_lost_on_the_way_to_highs(ending, tmp_path):
    write_qubo(REAL, tmp_path / f"q.{ending}")
    model = solved_by_highs(tmp_path / f"q.{ending}")[2]
    cost = dict(zip(model.col_names_, model.col_cost_, strict=True))
    assert [cost[f"x{i}"] for i in range(REAL.num_variables)] == REAL.linear.tolist()
    assert [cost["product4"], cost["product5"]] == REAL.couplings.tolist()
    assert model.offset_ == REAL.offset


def test_other_endings_are_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(InputError, match=r"'.txt' is unknown; write to one of .coo, .json, .bqm, .qubo, .qs, .mqlib"):
        check_ending(tmp_path / "q.txt")


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_path_that_cannot_be_written_is_a_sentence(ending, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_qubo(REAL, tmp_path / "none" / f"q{ending}")
