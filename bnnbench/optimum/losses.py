"""The training loss of every weight setting of a small network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem

TINY = 12
"""Weights up to which all settings are evaluated in milliseconds."""
_CHUNK_BYTES = 2**27
"""Of pre-activations that are computed at once."""


def all_losses(problem: Problem) -> NDArray[np.float64]:
    """Compute the training loss of all 2^n weight settings, float64 of shape (2^n,); bit i is weight i, 1 for +1."""
    num_weights = problem.network.num_weights
    widest = max(problem.network.widths)
    log2_chunk = max(0, int(math.log2(_CHUNK_BYTES / (4 * problem.num_samples * widest))))
    losses = np.empty(1 << num_weights)
    step = min(len(losses), 1 << log2_chunk)
    for start in range(0, len(losses), step):
        losses[start : start + step] = problem.training_loss(spins_of(np.arange(start, start + step), num_weights))
    return losses


def spins_of(numbers: int | NDArray[np.int64], num_weights: int) -> NDArray[np.int8]:
    """Return the weight settings of numbers, ±1 of shape (…, num_weights); bit i is weight i."""
    states = np.asarray(numbers)[..., None] >> np.arange(num_weights) & 1
    return (2 * states - 1).astype(np.int8)
