"""Reasons not to ask a solver: it refuses itself, or the formulation cannot give what it needs."""

from __future__ import annotations

from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo_problem import QuboProblem
from bnnbench.solver.contract import Objective, Solver


def refusal(solver: Solver, instance: Objective) -> str | None:
    """Return why a solver does not apply to an instance, as a sentence; None if it does.

    A solver that works on the network answers weights, which the formulation must complete to bits.
    """
    if solver.works_on != "network" or solver.is_floor:
        return solver.refuses(instance)
    if not isinstance(instance, Instance):
        return f"{solver.name} works on a network, but a bare QUBO has none."
    if isinstance(instance.problem, QuboProblem):
        return f"{solver.name} works on a network, but {instance.problem.name} is the QUBO of a file and has none."
    return solver.refuses(instance) or instance.cannot_complete()
