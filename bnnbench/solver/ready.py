"""Readiness of a process for a solver, off the clock: its libraries imported, and its kernels compiled or loaded."""

from __future__ import annotations

import importlib

from bnnbench.problem.network import Network
from bnnbench.solver.contract import Solver

_READY: set[tuple[type[Solver], str, Network | None]] = set()


def make_ready(solver: Solver, network: Network | None = None) -> None:
    """Import what a solver loads and let it warm up, once in a process; an inner solver is made ready by its outer one.

    Parameters
    ----------
    network
        Of the problem that the solver is to run on; None: it sees a bare QUBO.

    Raises
    ------
    ImportError
        If a module that the solver names is not there.
    """
    kind = type(solver), str(solver.spec)
    if (*kind, None) not in _READY:
        for module in solver.loads:
            importlib.import_module(module)
        solver.warm_up()
        _READY.add((*kind, None))
    if network is not None and (*kind, network) not in _READY:
        solver.warm_up_for(network)
        _READY.add((*kind, network))
