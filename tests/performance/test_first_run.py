"""The first run of a process loads nothing while a clock runs: not in `prepare`, and not while it samples."""

from __future__ import annotations

import multiprocessing
import sys

import pytest

import bnnbench as bb
from bnnbench.errors import RefusedError
from bnnbench.plugins.entries import entries
from bnnbench.solver.contract import Solver
from bnnbench.solver.ready import make_ready

NOT_HERE = {"command"}
"""Needs a program of its own."""


def loaded_on_the_clock(name: str, *, is_ready: bool, answer: multiprocessing.SimpleQueue[list[str]]) -> None:
    """Send the modules that a run of a solver on a small problem loads."""
    solver = bb.load_solver(name)
    instance = bb.compile(bb.load_problem("parity[size=3]"), "reduced")
    if is_ready:
        make_ready(solver)
    before = set(sys.modules)
    answer.put(sorted(_run(solver, instance) - before))


def _run(solver: Solver, instance: bb.Instance) -> set[str]:
    try:
        stream = solver.sample(solver.prepare(instance), seed=0, budget=bb.Budget(seconds=0.02, reads=3))
        next(iter(stream), None)
    except RefusedError:
        pass
    return set(sys.modules)


def in_a_process_of_its_own(name: str, *, is_ready: bool = True) -> list[str]:
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=loaded_on_the_clock, args=(name,), kwargs={"is_ready": is_ready, "answer": answer})
    process.start()
    process.join()
    assert process.exitcode == 0
    return answer.get()


@pytest.mark.parametrize("name", sorted(set(entries("solver")) - NOT_HERE))
def test_a_run_loads_no_module_while_a_clock_runs(name):
    solver = bb.load_solver(name)
    if solver.unavailable() or solver.refuses(bb.compile(bb.load_problem("parity[size=3]"), "reduced")):
        pytest.skip("it does not run here")

    assert in_a_process_of_its_own(name) == []


def test_a_solver_that_is_not_made_ready_loads_while_the_clock_runs():
    assert "ortools" in in_a_process_of_its_own("cpsat", is_ready=False)
