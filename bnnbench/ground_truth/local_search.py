"""A quick search for good weights, for where the optimum is not proved in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem import Problem


def descend(problem: Problem, *, restarts: int = 20, seed: int = 0) -> NDArray[np.int8]:
    """Best of several steepest descents over single weights, from random weights and from planted ones."""
    generator = np.random.default_rng(seed)
    size = problem.network.num_weights
    starts = [generator.choice(np.array([-1, 1], dtype=np.int8), size) for _ in range(restarts)]
    if problem.planted is not None:
        starts.append(problem.planted)
    flips = (1 - 2 * np.eye(size, dtype=np.int8)).astype(np.int8)
    best, least = starts[0], np.inf
    for start in starts:
        weights = start
        loss = float(problem.training_loss(weights))
        while True:
            neighbors = weights * flips
            losses = problem.training_loss(neighbors)
            lowest = int(losses.argmin())
            if losses[lowest] >= loss:
                break
            weights, loss = neighbors[lowest], float(losses[lowest])
        if loss < least:
            best, least = weights, loss
    return best
