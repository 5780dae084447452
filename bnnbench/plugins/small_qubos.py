"""QUBOs that solvers are checked on: so small that all their energies are known."""

from __future__ import annotations

from functools import cache

import numpy as np

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Objective


@cache
def bare_qubos() -> dict[str, Qubo]:
    """Return QUBOs of few variables, each odd in its own way."""
    none = np.zeros(0, dtype=np.int32)
    first, second = np.array([0, 2], dtype=np.int32), np.array([1, 3], dtype=np.int32)
    return {
        "one variable": make_qubo(np.array([-1.0]), none, none, np.zeros(0), 0.0),
        "two variables": make_qubo(np.array([1.0, 1.0]), first[:1], second[:1], np.array([-3.0]), 0.5),
        "three variables": _dense(3, 0.0),
        "eight variables": _dense(8, 2.0),
        "linear only": make_qubo(np.array([1.0, -2.0, 3.0, -4.0, 5.0]), none, none, np.zeros(0), 0.0),
        "disconnected": make_qubo(np.array([1.0, -1.0, 2.0, -2.0, 0.0]), first, second, np.array([2.0, -3.0]), 1.0),
        "huge offset": _dense(3, 1e9),
        "degenerate": make_qubo(np.zeros(3), none, none, np.zeros(0), 1.0),
    }


@cache
def separable() -> tuple[Qubo, list[int]]:
    """Return a QUBO with one right value per variable, and these values; no permutation of them is the same."""
    right = np.array([1, 0, 0, 1, 1, 0, 1])
    none = np.zeros(0, dtype=np.int32)
    return make_qubo((1.0 - 2.0 * right) * np.arange(1, 8), none, none, np.zeros(0), 3.0), right.tolist()


@cache
def networks() -> dict[str, Objective]:
    """Return training problems as QUBOs."""
    perceptron = load_problem("random_function", size=3, hidden=[], samples=3)
    margin = load_problem("random_function", size=3, hidden=[], samples=3, loss="margin")
    hidden = load_problem("random_function", size=3, hidden=2, samples=2, seed=3)
    made: list[tuple[Problem, str]] = [(perceptron, "reduced"), (margin, "reduced"), (hidden, "soft")]
    instances = [compile_problem(problem, setting) for problem, setting in made]
    return {str(instance): instance for instance in instances}


def _dense(n: int, offset: float) -> Qubo:
    random = np.random.default_rng(n)
    rows, cols = np.triu_indices(n, 1)
    signs = random.choice([-2.0, -1.0, 1.0, 2.0], len(rows))
    return make_qubo(random.choice([-2.0, 1.0], n), rows.astype(np.int32), cols.astype(np.int32), signs, offset)
