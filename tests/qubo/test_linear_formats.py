"""MIP solvers read the files of linear models as the QUBO that was written, each in its own way."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from penalized import PENALTIES, all_states, assert_same_energies, penalized
from triplets import build, triplets

from bnnbench.qubo.formats import write_qubo
from bnnbench.qubo.qubo import make_qubo

REAL = make_qubo(np.array([0.1, 0.0, -1 / 3, 0.0]), np.array([0, 2]), np.array([2, 1]), np.array([1e-7, -2.5]), 1.25)
FLAT = make_qubo(np.zeros(2), np.zeros(0), np.zeros(0), np.zeros(0), -3.0)
QUBOS = {"real": REAL, "flat": FLAT, **{f"penalty-{penalty:g}": penalized(penalty) for penalty in PENALTIES}}


@dataclass(frozen=True)
class Read:
    """What a library understood: costs by name, its own constant, names of whole variables, and its optimum."""

    costs: dict[str, float]
    constant: float
    whole: set[str]
    values: dict[str, float]


def by_highs(path):
    highspy = pytest.importorskip("highspy", reason="needs highspy: pip install bnnbench[more-solvers]")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", "off")
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    model = highs.getLp()
    names = model.col_names_
    kinds = [str(kind).endswith("kInteger") for kind in model.integrality_]
    return Read(
        dict(zip(names, model.col_cost_, strict=True)),
        model.offset_,
        {name for name, whole in zip(names, kinds, strict=True) if whole},
        dict(zip(names, highs.getSolution().col_value, strict=True)),
    )


def by_gurobi(path):
    gurobi = pytest.importorskip("gurobipy", reason="needs gurobipy: pip install bnnbench[more-solvers]")
    with gurobi.Env(params={"OutputFlag": 0}) as env, gurobi.read(str(path), env=env) as model:
        model.Params.MIPGap = 0
        model.optimize()
        variables = model.getVars()
        return Read(
            {v.VarName: v.Obj for v in variables},
            model.ObjCon,
            {v.VarName for v in variables if v.VType != "C"},
            {v.VarName: v.X for v in variables},
        )


def by_scip(path):
    scip = pytest.importorskip("pyscipopt", reason="needs pyscipopt: pip install bnnbench[test]")
    model = scip.Model()
    model.hideOutput()
    model.readProblem(str(path))
    variables = model.getVars()
    costs = {v.name: v.getObj() for v in variables}
    constant = model.getObjoffset()
    whole = {v.name for v in variables if v.vtype() != "CONTINUOUS"}
    model.optimize()
    return Read(costs, constant, whole, {v.name: model.getVal(v) for v in variables})


def by_glpk(path):
    glpk = pytest.importorskip("swiglpk", reason="needs swiglpk: pip install bnnbench[test]")
    glpk.glp_term_out(glpk.GLP_OFF)
    model = glpk.glp_create_prob()
    if path.suffix == ".lp":
        assert glpk.glp_read_lp(model, None, str(path)) == 0
    else:
        assert glpk.glp_read_mps(model, glpk.GLP_MPS_FILE, None, str(path)) == 0
    options = glpk.glp_iocp()
    glpk.glp_init_iocp(options)
    options.presolve = glpk.GLP_ON
    assert glpk.glp_intopt(model, options) == 0
    columns = range(1, glpk.glp_get_num_cols(model) + 1)
    names = {j: glpk.glp_get_col_name(model, j) for j in columns}
    return Read(
        {names[j]: glpk.glp_get_obj_coef(model, j) for j in columns},
        glpk.glp_get_obj_coef(model, 0),
        {names[j] for j in columns if glpk.glp_get_col_kind(model, j) != glpk.GLP_CV},
        {names[j]: glpk.glp_mip_col_val(model, j) for j in columns},
    )


def by_ortools(path):
    from ortools.linear_solver.python import model_builder

    model = model_builder.ModelBuilder()
    read = model.import_from_lp_file if path.suffix == ".lp" else model.import_from_mps_file
    assert read(str(path))
    helper = model.helper
    places = range(model.num_variables)
    solver = model_builder.ModelSolver("scip")
    assert solver.solve(model) == model_builder.SolveStatus.OPTIMAL
    return Read(
        {helper.var_name(i): helper.var_objective_coefficient(i) for i in places},
        helper.objective_offset(),
        {helper.var_name(i) for i in places if helper.var_is_integral(i)},
        {helper.var_name(i): solver.value(model.var_from_index(i)) for i in places},
    )


def by_pulp(path):
    pulp = pytest.importorskip("pulp", reason="needs pulp: pip install bnnbench[test]")
    cbcbox = pytest.importorskip("cbcbox", reason="needs cbcbox: pip install bnnbench[test]")
    variables, model = pulp.LpProblem.fromMPS(str(path))
    model.solve(pulp.COIN_CMD(path=cbcbox.cbc_bin_path(), msg=False, gapRel=0))
    return Read(
        {v.name: value for v, value in model.objective.items()},
        model.objective.constant,
        {name for name, v in variables.items() if v.cat == "Integer"},
        {name: v.value() or 0.0 for name, v in variables.items()},
    )


READERS = {
    "highs": (by_highs, ("lp", "mps")),
    "gurobi": (by_gurobi, ("lp", "mps")),
    "scip": (by_scip, ("lp", "mps")),
    "glpk": (by_glpk, ("lp", "mps")),
    "ortools": (by_ortools, ("mps",)),
    "pulp": (by_pulp, ("mps",)),
}
PAIRS = [(name, ending) for name, (_, endings) in READERS.items() for ending in endings]


def bits_of(values, qubo):
    return np.array([[round(values.get(f"x{i}", 0.0)) for i in range(qubo.num_variables)]])


def energies_as_read(read, qubo, states):
    """Energies by the costs of bits, of products, and of the variable that is fixed at 1."""
    columns = {f"x{i}": states[:, i] for i in range(qubo.num_variables)}
    for number, (i, j) in enumerate(zip(qubo.rows, qubo.cols, strict=True), start=qubo.num_variables):
        columns[f"product{number}"] = states[:, i] * states[:, j]
    columns["Constant"] = np.ones(len(states))  # to Gurobi, which writes it itself, a constant again
    return read.constant + sum(cost * columns[name] for name, cost in read.costs.items())


@pytest.mark.parametrize(("reader", "ending"), PAIRS)
@pytest.mark.parametrize("qubo", QUBOS.values(), ids=QUBOS)
def test_reads_the_same_energies_and_the_same_minimum(reader, ending, qubo, tmp_path):
    path = tmp_path / f"q.{ending}"
    write_qubo(qubo, path)
    states = all_states(qubo)

    read = READERS[reader][0](path)

    assert read.whole == {f"x{i}" for i in range(qubo.num_variables)}
    assert_same_energies(energies_as_read(read, qubo, states), qubo, states)
    best = qubo.energies(bits_of(read.values, qubo))
    # Solvers take values within 1e-6 of the best one for the best.
    assert best[0] - qubo.energies(states).min() <= 1e-6 * max(1.0, np.abs(qubo.couplings).max(initial=0))


@pytest.mark.parametrize("ending", ["lp", "mps"])
@pytest.mark.parametrize("qubo", QUBOS.values(), ids=QUBOS)
def test_cbc_finds_the_ground_energy_with_the_offset(qubo, ending, tmp_path):
    cbcbox = pytest.importorskip("cbcbox", reason="needs cbcbox: pip install bnnbench[test]")
    path, answer = tmp_path / f"q.{ending}", tmp_path / "answer.txt"
    write_qubo(qubo, path)

    command = [cbcbox.cbc_bin_path(), str(path), "-ratioGap", "0", "-solve", "-solution", str(answer)]
    subprocess.run(command, check=True, capture_output=True)

    status, *lines = answer.read_text().splitlines()
    assert status.startswith("Optimal")
    ground = qubo.energies(all_states(qubo)).min()
    assert float(status.rpartition(" ")[2]) == pytest.approx(ground, rel=1e-6, abs=1e-6)
    values = {words[-3]: float(words[-2]) for words in map(str.split, lines)}
    best = qubo.energies(bits_of(values, qubo))
    assert best[0] - ground <= 1e-6 * max(1.0, np.abs(qubo.couplings).max(initial=0))


def test_the_check_sees_a_bare_constant(tmp_path):
    """As it was written before: read as a variable, refused, dropped or turned, but never kept by all."""
    path = tmp_path / "q.lp"
    write_qubo(FLAT, path)
    path.write_text(path.read_text().replace(" - 3.0 Constant", " - 3.0").replace(" Constant = 1\n", ""))
    read = by_highs(path)
    assert read.constant != 0


@settings(deadline=None, max_examples=20)
@given(triplets())
def test_any_qubo_has_its_ground_energy_in_mps(content):
    qubo = build(content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.mps"
        write_qubo(qubo, path)
        read = by_highs(path)
    states = all_states(qubo)
    assert_same_energies(energies_as_read(read, qubo, states), qubo, states)
    assert qubo.energies(bits_of(read.values, qubo))[0] == pytest.approx(qubo.energies(states).min())
