"""Compile the kernels of solvers before they run, where no clock runs; numba keeps them for all processes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from bnnbench.errors import BnnbenchError, blaming
from bnnbench.harness.forks import start_quietly
from bnnbench.harness.worker import same_folder
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.network import Network
from bnnbench.processes import apart, without_script
from bnnbench.runs.cell import Cell
from bnnbench.spec import Spec

HELP_S = 1.0
"""Seconds until a second process helps: by then, kernels are compiled and not loaded."""


@dataclass(frozen=True)
class Need:
    """A solver, and the networks that it is to run on."""

    solver: Spec
    networks: tuple[Network, ...]


def needs_of(cells: Iterable[Cell]) -> list[Need]:
    """Return the solvers of cells by name, each once: those that share kernels are neighbors."""
    networks: dict[str, dict[Network, None]] = {}
    specs: dict[str, Spec] = {}
    for cell in cells:
        name = str(cell.solver.spec)
        specs[name] = cell.solver.spec
        networks.setdefault(name, {})[cell.problem.network] = None
    return [Need(specs[name], tuple(networks[name])) for name in sorted(networks)]


def warm_up(needs: Iterable[Need]) -> None:
    """Let solvers compile their kernels; if one cannot, its runs will say why."""
    for need in needs:
        with same_folder(), contextlib.suppress(BnnbenchError), blaming(f"solver {need.solver} raised"):
            solver = load_solver(need.solver)
            if solver.unavailable() is None:
                solver.warm_up()
                for network in need.networks:
                    solver.warm_up_for(network)


@contextlib.contextmanager
def helped(needs: Sequence[Need]) -> Iterator[None]:
    """Let a second process compile the kernels from the first solver to the last, if this one is at it for long.

    Compiling keeps one core busy, whatever the number of threads. This process begins with the last solver, loads what
    the other has compiled, and waits for what it is at.
    """
    if not needs:
        yield
        return
    start_quietly()  # it loads what workers need meanwhile
    processes: list[BaseProcess] = []

    def start() -> None:
        with contextlib.suppress(OSError, EOFError), apart(), without_script():  # nothing depends on it
            process = start_quietly().Process(target=_compile, args=(needs,), name="bnnbench compiler")
            process.start()
            processes.append(process)

    timer = threading.Timer(HELP_S, start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for process in processes:
            process.kill()
            process.join()


def _compile(needs: Sequence[Need]) -> None:
    """Compile without a word."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    warm_up(needs)
