"""Cells with their rows, as a campaign would store them."""

from __future__ import annotations

from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation, load_problem
from bnnbench.runs.cell import Cell
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.configuration import Configuration
from bnnbench.runs.features import features_of
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec

NOTE = Circumstances(machine="m", started_at="2026-01-01T00:00:00.000+00:00", load=0.5, load_after=0.5)


def make_cell(seed=0, solver="random", setting="compact", repetition=0, problem="parity"):
    asked = Configuration(Spec(solver), solver, solver, {}, {}, Budget(reads=20), is_floor=solver == "random")
    return Cell(load_problem(problem), formulation(setting), asked, seed, repetition)


def add_everything(store, cell, outcome, *, with_truth=True, note=NOTE):
    instance = compile_problem(cell.problem, cell.formulation)
    store.add_problem(cell.problem)
    if with_truth:
        store.add_truth(ground_truth(cell.problem))
    store.add_instance(features_of(instance), cell.problem.hash, str(cell.formulation))
    store.add_run(cell, outcome, note)
