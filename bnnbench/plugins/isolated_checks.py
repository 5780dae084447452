"""Checks of a plugin, each apart from this process: one that hangs or crashes fails, and the next goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection
from time import perf_counter

from bnnbench.plugins.classes import kind_of
from bnnbench.plugins.conformance import CHECKS, run_check
from bnnbench.plugins.formulation_checks import FORMULATION_CHECKS, run_formulation_check
from bnnbench.plugins.registry import formulation, load_solver
from bnnbench.plugins.verdict import Result
from bnnbench.processes import apart
from bnnbench.spec import parse_spec


def checks_of(plugin: str) -> tuple[str, ...]:
    """Return the names of the checks of a solver, or of a formulation, given as text."""
    return tuple(CHECKS if kind_of(parse_spec(plugin).name) == "solver" else FORMULATION_CHECKS)


def check_apart(plugin: str, *, limit_s: float) -> Iterator[tuple[int, Result]]:
    """Run all checks of a solver, or of a formulation, given as text; with each result, how many there are.

    Parameters
    ----------
    limit_s
        Seconds after which a check is killed.
    """
    checks = checks_of(plugin)
    waiting = list(checks)
    context = multiprocessing.get_context("spawn")
    while waiting:
        pipe, end = context.Pipe()
        process = context.Process(target=_serve, args=(end, plugin, waiting), daemon=True)
        with apart():
            process.start()
        end.close()
        try:
            while waiting:
                start = perf_counter()
                answered, result = pipe.poll(limit_s), None
                with contextlib.suppress(EOFError):
                    result = pipe.recv() if answered else None
                if result is None:
                    process.kill()
                    process.join()
                    reason = (
                        f"the process died of it (exit code {process.exitcode})."
                        if answered
                        else f"it did not end within {limit_s:g} s and was killed."
                    )
                    yield len(checks), Result(waiting.pop(0), "failed", reason, perf_counter() - start)
                    break
                waiting.pop(0)
                yield len(checks), result
        finally:
            process.kill()
            process.join()
            pipe.close()


def _serve(pipe: Connection, plugin: str, checks: list[str]) -> None:
    """Answer with a result per check; what the plugin prints goes nowhere."""
    warnings.simplefilter("ignore")
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    with contextlib.suppress(BrokenPipeError):
        is_solver = kind_of(parse_spec(plugin).name) == "solver"
        for name in checks:
            if is_solver:
                pipe.send(run_check(name, load_solver(plugin)))
            else:
                pipe.send(run_formulation_check(name, formulation(plugin)))
