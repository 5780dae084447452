"""Measure the processor time until a solver's first optimal weights, the way a run goes."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

import numpy as np

import bnnbench as bb
from bnnbench.solver.ready import make_ready

TUNE, TEST = 5000, 9000
"""First seeds of the problems on which rules are found, and of those on which they are tested."""


@dataclass(frozen=True)
class Attempt:
    """One run to the optimum.

    Parameters
    ----------
    seconds
        Processor time of preparing, sampling and decoding, until the optimum or the end.
    reached
        Whether the optimum was met.
    """

    seconds: float
    reached: bool
    reads: int
    mean_errors: float
    variables: int


def time_to_optimum(problem: bb.Problem, formulation: str, solver: str, optimum: float, limit_s: float) -> Attempt:
    """Return what a solver needs to the optimum, or what it did within a limit; compiling is not counted."""
    instance, found = bb.compile(problem, formulation), bb.load_solver(solver)
    make_ready(found, problem.network)
    losses: list[np.ndarray] = []
    reached = False
    start = process_time()
    prepared = found.prepare(instance)
    for batch in found.sample(prepared, seed=1, budget=bb.Budget(seconds=1e6)):
        losses.append(problem.training_loss(instance.decode(batch.bits)))
        reached = bool(losses[-1].min() <= optimum)
        if reached or process_time() - start > limit_s:
            break
    seconds = process_time() - start
    every = np.concatenate(losses)
    return Attempt(seconds, reached, len(every), float(every.mean()), instance.qubo.num_variables)


def median_seconds(attempts: list[Attempt]) -> float:
    """Return the median time to the optimum; what did not reach it counts as infinite."""
    return float(np.median([a.seconds if a.reached else np.inf for a in attempts]))


def problem_of(kind: str, widths: tuple[int, ...], samples: int, seed: int) -> bb.Problem:
    """Return a problem with planted or with random labels."""
    return bb.load_problem("teacher" if kind == "planted" else "random_data", widths=widths, samples=samples, seed=seed)
