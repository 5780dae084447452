"""The part of an instance that the solvers of results read, by the solvers that are installed."""

from __future__ import annotations

from functools import lru_cache

from bnnbench.errors import BnnbenchError
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import load_solver
from bnnbench.spec import parse_spec


@lru_cache(maxsize=1024)
def works_on(solver: str) -> str | None:
    """Return ``qubo``, ``penalties`` or ``network`` of a solver that results name; None of one that is not installed.

    No file that results name is run.
    """
    try:
        spec = parse_spec(solver)
        return str(load_solver(spec).works_on) if spec.name in entries("solver") else None
    except BnnbenchError:  # of another version: a parameter that is gone, or a value that is refused
        return None
