"""The training loss of every weight setting of a small network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem

_CHUNK_BYTES = 2**27
"""Of pre-activations that are computed at once."""


def all_losses(problem: Problem) -> NDArray[np.float64]:
    """Compute the training loss of all 2^n weight settings, float64 of shape (2^n,); bit i is weight i, 1 for +1.

    Equal samples are evaluated once and counted, so that a table of a million rows takes no longer than its distinct
    ones.
    """
    network, price = problem.network, problem.loss_weights
    samples = np.hstack([problem.inputs, problem.targets]) > 0
    # Samples as numbers: rows take ten times as long to sort. A table of 2^n losses has fewer than 62 entries in a row.
    numbers, counts = np.unique(samples @ (1 << np.arange(samples.shape[1])), return_counts=True)
    rows = spins_of(numbers, samples.shape[1])
    inputs, targets = rows[:, : network.num_inputs], rows[:, network.num_inputs :]
    fan_in = network.fan_in(network.num_layers)
    log2_chunk = max(0, int(math.log2(_CHUNK_BYTES / (4 * len(rows) * max(network.widths)))))
    losses = np.empty(1 << network.num_weights)
    step = min(len(losses), 1 << log2_chunk)
    for start in range(0, len(losses), step):
        z = network.layers(spins_of(np.arange(start, start + step), network.num_weights), inputs)[-1]
        wrong = ((z >= 0) != (targets > 0)).sum(axis=-1)
        disagreements = ((fan_in - targets * z.astype(np.float64)) / 2).sum(axis=-1)
        losses[start : start + step] = price.errors * (wrong @ counts) + price.margin * (disagreements @ counts)
    return losses


def spins_of(numbers: int | NDArray[np.int64], num_weights: int) -> NDArray[np.int8]:
    """Return the weight settings of numbers, ±1 of shape (…, num_weights); bit i is weight i."""
    states = np.asarray(numbers)[..., None] >> np.arange(num_weights) & 1
    return (2 * states - 1).astype(np.int8)
