"""The optimum by a table of the losses of all settings: of a few weights NumPy makes it before a kernel is compiled."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.distinct_samples import DistinctSamples, distinct_samples
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem

TINY = 12
"""Weights up to which all settings are tried, in milliseconds."""
_AT_ONCE = 2**20
"""Neurons on samples that are computed at a time, in all settings together: some MB."""


class Table(Protocol):
    """The losses of all settings, in whole units above the base."""

    method: str
    losses: NDArray[np.int64]

    def minimum(self, cap: int) -> tuple[int, int, NDArray[np.int8]]:
        """Return the least loss, the number of weight settings that reach it, and the settings, at most `cap`."""
        ...


class Enumeration:
    """All settings of a network with their losses. It shares no code with the forward pass that checks it.

    Attributes
    ----------
    losses
        int64 of shape (2^n,), in whole units above the base; settings are in lexicographic order.
    """

    method = "enumeration of weight settings"

    def __init__(self, distinct: DistinctSamples) -> None:
        num_weights = distinct.network.num_weights
        numbers = np.arange(1 << num_weights)
        self._settings = ((numbers[:, None] >> np.arange(num_weights)[::-1] & 1) * 2 - 1).astype(np.int8)
        self.losses = np.zeros(len(numbers), dtype=np.int64)
        num_rows = max(1, _AT_ONCE // (max(distinct.network.widths) << num_weights))
        for start in range(0, len(distinct.inputs), num_rows):
            self.losses += self._losses(distinct, slice(start, start + num_rows))

    def minimum(self, cap: int) -> tuple[int, int, NDArray[np.int8]]:
        """Return as `Table.minimum` does; the settings are the first in lexicographic order."""
        least = self.losses.min()
        best = np.flatnonzero(self.losses == least)
        return int(least), len(best), self._settings[best[:cap]]

    def _losses(self, distinct: DistinctSamples, rows: slice) -> NDArray[np.int64]:
        """Return what some of the samples cost in each setting, (2^n,)."""
        network, targets = distinct.network, distinct.targets[rows].T
        below = distinct.inputs[rows].T.astype(np.int32)
        sums, start, fan_in = below, 0, 0
        for layer in range(1, network.num_layers + 1):
            width, fan_in = network.widths[layer], network.fan_in(layer)
            weights = self._settings[:, start : start + width * fan_in].reshape(-1, width, fan_in).astype(np.int32)
            start += width * fan_in
            sums = weights[..., : fan_in - network.bias] @ below
            if network.bias:
                sums += weights[..., -1:]
            below = np.where(sums < 0, -1, 1).astype(np.int32)
        prices = distinct.errors * (below != targets) + distinct.margin * ((fan_in - sums * targets) // 2)
        return np.asarray((prices * distinct.weights[rows].T).sum(axis=(1, 2)))


def enumerated(problem: Problem, max_optima: int) -> Truth:
    """Return the optimum of a network of a few weights, see `TINY`."""
    start = time.perf_counter()
    distinct = distinct_samples(problem)
    return optimum_of(Enumeration(distinct), problem, distinct, max_optima, start)


def optimum_of(table: Table, problem: Problem, distinct: DistinctSamples, max_optima: int, start: float) -> Truth:
    """Return the optimum by a table of a problem of merged samples, which was begun at a time of the clock."""
    loss, number, optima = table.minimum(max_optima)
    return Truth(
        problem_hash=problem.hash,
        loss=(loss + distinct.base) * distinct.unit,
        kind="exhaustive",
        method=table.method,
        optima=optima,
        num_optima=number,
        seconds=time.perf_counter() - start,
        nodes=table.losses.size,
    )
