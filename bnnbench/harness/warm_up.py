"""Compile the kernels of solvers before they run, where no clock runs; numba keeps them for all processes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.process import BaseProcess

from bnnbench.errors import BnnbenchError, blaming
from bnnbench.harness.forks import start_quietly
from bnnbench.harness.worker import same_folder
from bnnbench.plugins.registry import load_solver
from bnnbench.processes import apart, without_script
from bnnbench.runs.cell import Cell
from bnnbench.spec import Spec

HELP_S = 2.0
"""Seconds until a second process helps: by then, kernels are compiled and not loaded."""


def specs_of(cells: Iterable[Cell]) -> list[Spec]:
    """Return the solvers of cells, each once, in their order."""
    return list({str(cell.solver.spec): cell.solver.spec for cell in cells}.values())


def warm_up(solvers: Iterable[Spec]) -> None:
    """Let solvers compile their kernels; if one cannot, its runs will say why."""
    for spec in solvers:
        with same_folder(), contextlib.suppress(BnnbenchError), blaming(f"solver {spec} raised"):
            solver = load_solver(spec)
            if solver.unavailable() is None:
                solver.warm_up()


@contextlib.contextmanager
def helped(solvers: Sequence[Spec]) -> Iterator[None]:
    """Let a second process compile the kernels from the first solver to the last, if this one is at it for long.

    Compiling keeps one core busy, whatever the number of threads. This process begins with the last solver, and loads
    what the other has compiled.
    """
    processes: list[BaseProcess] = []

    def start() -> None:
        with contextlib.suppress(OSError, EOFError), apart(), without_script():  # nothing depends on it
            process = start_quietly().Process(target=_compile, args=(solvers,), name="bnnbench compiler")
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


def _compile(solvers: Sequence[Spec]) -> None:
    """Compile without a word."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    warm_up(solvers)
