"""Good weights before a proof: the best of what anneals and message passing find in some seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.polarization import NUM_STEPS, message_weights, takes
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.optimum.weight_anneal import MOST_WORK, quick_weights
from bnnbench.problem.problem import Problem

READS, SWEEPS = 100, 100
"""Of the first anneals, under a second on networks that are searched."""
_LONGER = 10
"""Times as many sweeps of the last anneals."""
_MESSAGE_READS = 10
_MESSAGE_WORK = 2**32
"""Products of a weight and an input that message passing may take, some seconds."""


def incumbent(problem: Problem) -> NDArray[np.int8]:
    """Return the best weights found, ±1 of shape (1, num_weights); what costs more is tried if the loss can be lower.

    First short anneals, then message passing where it applies, then anneals ten times as long.
    """
    distinct = distinct_samples(problem)
    floor = distinct.base * distinct.unit
    best = quick_weights(problem, 0, READS, SWEEPS)
    if problem.training_loss(best)[0] > floor and takes(problem.network):
        per_read = 2 * NUM_STEPS * len(distinct.inputs) * problem.network.num_weights
        best = _better(
            problem, best, message_weights(distinct, max(1, min(_MESSAGE_READS, _MESSAGE_WORK // per_read)), 0)
        )
    if problem.training_loss(best)[0] > floor:
        best = _better(problem, best, quick_weights(problem, 1, READS, _LONGER * SWEEPS, most=MOST_WORK))
    return best


def _better(problem: Problem, best: NDArray[np.int8], others: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the weights of the least loss, (1, num_weights); the first in case of a tie."""
    both = np.concatenate([best, others])
    return both[[problem.training_loss(both).argmin()]]
