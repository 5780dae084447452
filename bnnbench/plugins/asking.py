"""Ask a solver for batches as the harness does, on small QUBOs and networks."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from bnnbench.errors import CheckError
from bnnbench.plugins.small_qubos import bare_qubos, networks
from bnnbench.plugins.verdict import DoesNotApply
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.answer import open_stream, taken
from bnnbench.solver.contract import Batch, Budget, Objective, Solver

READS = 8
"""Reads that a check asks for, unless it says how many."""
MAX_BATCHES = 500
"""Batches after which a stream without an end is cut."""


def objectives(solver: Solver) -> dict[str, Objective]:
    """Return the small QUBOs and networks that the solver does not refuse."""
    everything: dict[str, Objective] = {**bare_qubos(), **networks()}
    wanted = {name: objective for name, objective in everything.items() if not solver.refuses(objective)}
    if not wanted:
        raise CheckError("it refuses every QUBO of up to eight variables, and every small network.")
    return wanted


def need(solver: Solver, qubo: Qubo) -> None:
    """Raise `DoesNotApply` if the solver refuses a QUBO."""
    if reason := solver.refuses(qubo):
        raise DoesNotApply(reason)


def need_seeds(solver: Solver) -> None:
    """Raise `DoesNotApply` if no seed decides what the solver answers."""
    if not solver.seeded:
        raise DoesNotApply("it says that nothing can seed it.")


def ask(
    solver: Solver, objective: Objective, *, seed: int = 1, budget: Budget | None = None, prepared: Any = None
) -> list[Batch]:
    """Ask for batches as the harness does: until the budget is spent."""
    budget = budget or Budget(reads=READS)
    prepared = solver.prepare(objective) if prepared is None else prepared
    batches: list[Batch] = []
    start = perf_counter()
    with open_stream(solver, prepared, seed=seed, budget=budget) as stream:
        for batch in stream:
            taken(batch, objective.qubo.num_variables)  # as a run does; here the batch is looked at as it came
            batches.append(batch)
            reads = num_reads(solver, batches)
            if budget.reads is not None and reads >= budget.reads and not solver.gives_one_read:
                break
            if budget.seconds is not None and perf_counter() - start >= budget.seconds:
                break
            if len(batches) >= MAX_BATCHES and budget.seconds is None:
                break
    return batches


def num_reads(solver: Solver, batches: Sequence[Batch]) -> int:
    """Return the reads in batches; those that only train have none, and an exact solver gives one in all."""
    samples = sum(len(np.asarray(batch.bits)) for batch in batches if batch.phase == "final")
    return min(samples, 1) if solver.gives_one_read else samples


def bits_of(batches: list[Batch]) -> list[Any]:
    """Return the bits of batches as lists, to compare."""
    return [np.asarray(batch.bits).tolist() for batch in batches]
