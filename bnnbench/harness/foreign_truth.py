"""The ground energy of a QUBO of a file: as the suite gives it, or as a solver proves it."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from bnnbench.errors import InputError
from bnnbench.optimum.ground_state import ground_state
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo_problem import GIVEN, QuboProblem
from bnnbench.runs.judge import unpack_bits
from bnnbench.runs.loop import measure
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Budget
from bnnbench.suite.foreign import InstanceTable


def is_foreign(problem: Problem) -> TypeGuard[QuboProblem]:
    """Return whether a problem is the QUBO of a file."""
    return isinstance(problem, QuboProblem)


def foreign_truth(problem: QuboProblem, table: InstanceTable | None) -> Truth:
    """Return what is known of the ground energy of a QUBO.

    Raises
    ------
    InputError
        If nothing is known.
    """
    if table is None or table.optimum == "unknown":
        return ground_state(problem)
    if isinstance(table.optimum, str):
        return _proved(problem, table.optimum, table.seconds)
    none = np.empty((0, problem.qubo.num_variables), dtype=np.int8)
    return Truth(problem.hash, float(table.optimum), "given", "the suite names it", none)


def _proved(problem: QuboProblem, name: str, seconds: float) -> Truth:
    """Let an exact solver prove the ground energy; what it cannot prove is the best known one."""
    instance, solver = compile_problem(problem, GIVEN), load_solver(name)
    if reason := solver.unavailable():
        raise InputError(f"{problem.name}: optimum = {name!r} cannot be had: {reason}")
    target = Target(None, None, is_sound=True, has_floor=False)
    outcome = measure(
        instance, solver, target, budget=Budget(seconds=seconds), seed=0, record=lambda _judged, _batch: None
    )
    if outcome.loss is None:
        raise InputError(f"{problem.name}: {name} answered nothing in {seconds:g} s ({outcome.message}).")
    weights = 2 * unpack_bits(outcome.best_weights, problem.qubo.num_variables) - 1
    return Truth(
        problem_hash=problem.hash,
        loss=outcome.loss,
        kind="proved" if outcome.proved else "best_known",
        method=f"{name}, {'which proved it' if outcome.proved else f'which proved nothing in {seconds:g} s'}",
        optima=weights[None],
        seconds=outcome.sample_s or 0.0,
        lower_bound=outcome.lower_bound,
    )
