"""Declarations of the solvers that results name: what they read of an instance, and how their reads come."""

from __future__ import annotations

from functools import lru_cache

from bnnbench.errors import BnnbenchError
from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Solver
from bnnbench.spec import parse_spec


@lru_cache(maxsize=1024)
def works_on(solver: str) -> str | None:
    """Return ``qubo``, ``penalties`` or ``network`` of a solver that results name; None: it is not installed."""
    found = _installed(solver)
    return None if found is None else str(found.works_on)


@lru_cache(maxsize=1024)
def is_memoryless(solver: str) -> int | None:
    """Return 1 if a solver that results name draws reads independently, else 0; None of one that is not installed."""
    found = _installed(solver)
    return None if found is None else int(found.memoryless)


def _installed(solver: str) -> Solver | None:
    """Return a solver that results name, if it is installed; no file that results name is run."""
    try:
        spec = parse_spec(solver)
        return load_solver(spec) if spec.name in entries("solver") else None
    except BnnbenchError:  # of another version: a parameter that is gone, or a value that is refused
        return None
