"""Print how long solvers take to their first read, and to stop, where a run has 2 s: the table of docs/solvers.md.

Takes some minutes of one core and 4 GB: ``python tests/performance/print_overruns.py [SOLVER ...]``. Each solver has a
process of its own, which ends after 60 s of processor time. Kernels are compiled off the clock.
"""

from __future__ import annotations

import os
import resource
import sys
from itertools import repeat
from time import process_time

import bnnbench as bb
from bnnbench.errors import BnnbenchError
from bnnbench.plugins.entries import entries
from bnnbench.solver.answer import open_stream, taken
from bnnbench.solver.ready import make_ready
from bnnbench.solver.refusal import refusal

BUDGET = bb.Budget(seconds=2)
LIMIT_S = 60
PROBLEM = "teacher[widths=[784,10],samples=500]"


def times(name: str, instance: bb.Instance) -> list[str]:
    """Return processor seconds of `prepare`, to the first batch and until the stream is closed, or why there are none.

    A run ends as in a campaign: the harness asks for no batch once the seconds are over.
    """
    solver = bb.load_solver(name)
    if reason := solver.unavailable() or refusal(solver, instance):
        return [reason]
    make_ready(solver)
    began_s = process_time()
    prepared = solver.prepare(instance)
    prepared_s, first_s, began_s = process_time() - began_s, None, process_time()
    with open_stream(solver, prepared, seed=0, budget=BUDGET) as stream:
        for _ in map(taken, stream, repeat(instance.qubo.num_variables)):
            first_s = first_s or process_time() - began_s
            if process_time() - began_s >= BUDGET.seconds:
                break
    first = "none" if first_s is None else f"{first_s:.1f} s"
    return [f"{prepared_s:.1f} s", first, f"{process_time() - began_s:.1f} s"]


def row(name: str, instance: bb.Instance) -> None:
    """Print a row of the table from a process of its own, which is killed at the limit."""
    if not (child := os.fork()):
        end_s = int(process_time()) + LIMIT_S
        resource.setrlimit(resource.RLIMIT_CPU, (end_s, end_s))
        try:
            cells = times(name, instance)
        except BnnbenchError as error:
            cells = [str(error)]
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(f"| `{name}` | more than {LIMIT_S} s |", flush=True)


if __name__ == "__main__":
    given = bb.compile(bb.load_problem(PROBLEM), "soft")
    print(given, flush=True)
    for solver_name in sys.argv[1:] or entries("solver"):
        row(solver_name, given)
