"""Checks of an adapter, each apart from this process: one that hangs or crashes fails, and the next goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection
from time import perf_counter

from bnnbench.plugins.conformance import CHECKS, Result, run_check


def check_apart(solver: str, *, limit_s: float) -> Iterator[tuple[int, Result]]:
    """Run all checks of a solver, given as text; with each result, how many there are.

    Parameters
    ----------
    limit_s
        Seconds after which a check is killed.
    """
    waiting = list(CHECKS)
    context = multiprocessing.get_context("spawn")
    while waiting:
        pipe, end = context.Pipe()
        process = context.Process(target=_serve, args=(end, solver, waiting), daemon=True)
        process.start()
        end.close()
        try:
            while waiting:
                start = perf_counter()
                answered = pipe.poll(limit_s)
                try:
                    result = pipe.recv() if answered else None
                except EOFError:
                    result = None
                if result is None:
                    process.kill()
                    process.join()
                    reason = (
                        f"the process died of it (exit code {process.exitcode})."
                        if answered
                        else f"it did not end within {limit_s:g} s and was killed."
                    )
                    yield len(CHECKS), Result(waiting.pop(0), "failed", reason, perf_counter() - start)
                    break
                waiting.pop(0)
                yield len(CHECKS), result
        finally:
            process.kill()
            process.join()
            pipe.close()


def _serve(pipe: Connection, solver: str, checks: list[str]) -> None:
    """Answer with a result per check; what the solver prints goes nowhere."""
    from bnnbench.plugins.registry import load_solver

    warnings.simplefilter("ignore")
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    with contextlib.suppress(BrokenPipeError):
        for name in checks:
            pipe.send(run_check(name, load_solver(solver)))
