"""Reasons not to ask a solver: it refuses itself, or the formulation cannot give what it needs."""

from __future__ import annotations

from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo_problem import QuboProblem
from bnnbench.solver.contract import Solver


def refusal(solver: Solver, instance: Instance) -> str | None:
    """Return why a solver does not apply to an instance, as a sentence; None if it does.

    A solver that works on the network answers weights, which the formulation must complete to bits.
    """
    if isinstance(instance.problem, QuboProblem) and solver.works_on == "network" and not solver.is_floor:
        return f"{solver.name} works on a network, but {instance.problem.name} is the QUBO of a file and has none."
    if reason := solver.refuses(instance):
        return reason
    return instance.cannot_complete() if solver.works_on == "network" and not solver.is_floor else None
