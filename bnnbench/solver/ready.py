"""Readiness of a process for a solver, off the clock: its libraries imported, and its kernels compiled or loaded."""

from __future__ import annotations

import importlib

from bnnbench.solver.contract import Solver

_READY: set[tuple[type[Solver], str]] = set()


def make_ready(solver: Solver) -> None:
    """Import what a solver loads and let it warm up, once in a process; an inner solver is made ready by its outer one.

    Raises
    ------
    ImportError
        If a module that the solver names is not there.
    """
    key = type(solver), str(solver.spec)
    if key in _READY:
        return
    for module in solver.loads:
        importlib.import_module(module)
    solver.warm_up()
    _READY.add(key)
