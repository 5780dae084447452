"""A reverse anneal starts only from a solver that can answer the instance."""

from __future__ import annotations

from strategies import random_problem

from bnnbench.annealer.initial_state import cannot_start
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_solver


def test_a_solver_of_the_network_cannot_start_from_a_bare_qubo() -> None:
    instance = compile_problem(random_problem((3, 1), 2))
    solver = load_solver("weight_search")

    assert cannot_start(solver, instance) is None
    assert cannot_start(solver, instance.qubo) == "weight_search works on a network, but a bare QUBO has none."
