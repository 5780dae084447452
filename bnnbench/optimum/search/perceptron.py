"""Networks without hidden layers: every output is a neuron of its own, and all its weight vectors are tried."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search import bits
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.optimum.search.space import spins


class Perceptron:
    """All weight vectors of each output with their losses.

    Attributes
    ----------
    losses
        int64 of shape (outputs, 2^m), in whole units above the base.
    """

    method = "enumeration of weight vectors"

    def __init__(self, distinct: DistinctSamples) -> None:
        network = distinct.network
        self._network = network
        rows = np.vstack([distinct.inputs.T, np.ones((int(network.bias), len(distinct.inputs)), dtype=np.int8)])
        targets, planes = bits.pack(distinct.targets.T), bits.planes(distinct.weights.T)
        self.losses = np.array(
            [
                bits.neuron_losses(bits.pack(rows), target, plane, distinct.errors, distinct.margin)
                for target, plane in zip(targets, planes, strict=True)
            ]
        )

    def minimum(self, cap: int) -> tuple[int, int, NDArray[np.int8]]:
        """Return the least loss, the number of weight settings that reach it, and the settings, at most `cap`."""
        best = [np.flatnonzero(losses == losses.min()) for losses in self.losses]
        count = 1
        for vectors in best:
            count *= len(vectors)
        fan_in = self._network.fan_in(1)
        pools = [list(spins(vectors[:cap], fan_in)) for vectors in best]
        settings = [np.concatenate(chosen) for chosen in itertools.islice(itertools.product(*pools), cap)]
        optima = np.array(settings, dtype=np.int8)
        return int(self.losses.min(axis=1).sum()), count, optima[np.lexsort(optima.T[::-1])]

    def spectrum(self) -> dict[int, int]:
        """Return the number of weight settings by loss above the base."""
        total = {0: 1}
        for losses in self.losses:
            levels, counts = np.unique(losses, return_counts=True)
            combined: dict[int, int] = {}
            for loss, count in total.items():
                for level, number in zip(levels.tolist(), counts.tolist(), strict=True):
                    combined[loss + level] = combined.get(loss + level, 0) + count * number
            total = combined
        return dict(sorted(total.items()))
