"""The training loss of every weight setting of a small network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem

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
        states = np.arange(start, start + step)[:, None] >> np.arange(num_weights) & 1
        losses[start : start + step] = problem.training_loss((2 * states - 1).astype(np.int8))
    return losses
