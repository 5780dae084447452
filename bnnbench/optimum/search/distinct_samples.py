"""Keep distinct samples alone: a search need not tell apart equal samples, contradicting ones, and opposite ones.

Of two samples with equal inputs and opposite targets exactly one is wrong, whatever the weights: together they cost a
constant. So distinct inputs are kept, each with a target and a net weight per output, and the rest of the loss is a
base that no setting avoids. A network without bias in which every fan-in is odd is an odd function, f(−x) = −f(x), so
that opposite inputs are merged as well: 7 inputs have at most 64 distinct rows, whatever N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.merging import distinct_rows, is_odd
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem, integer_prices

LARGEST_LOSS = 2**53
"""Losses below it are exact in floating point, in whole units."""


@dataclass(frozen=True, eq=False)
class DistinctSamples:
    """A training problem over distinct samples, with whole numbers for losses.

    Parameters
    ----------
    inputs, targets
        −1 or +1, (D, d_0) and (D, d_L).
    weights
        How many samples more ask for the target than for its opposite, ≥ 0, (D, d_L).
    base
        Loss that no setting avoids.
    errors, margin
        Price of an error, and of a product that disagrees with the target.
    unit
        One unit of these losses, in units of loss.
    """

    network: Network
    inputs: NDArray[np.int8]
    targets: NDArray[np.int8]
    weights: NDArray[np.int64]
    base: int
    errors: int
    margin: int
    unit: float

    @property
    def ceiling(self) -> int:
        """A loss that no setting exceeds, base left out."""
        fan_in = self.network.fan_in(self.network.num_layers)
        return int(self.weights.sum()) * (self.errors + self.margin * fan_in)


def distinct_samples(problem: Problem) -> DistinctSamples:
    """Return the distinct samples of a problem.

    Raises
    ------
    InputError
        If a loss could exceed 2^53 units, beyond which double precision has no exact losses.
    """
    network = problem.network
    errors, margin, unit = integer_prices(problem)
    fan_in = network.fan_in(network.num_layers)
    largest = problem.num_samples * network.num_outputs * (errors + margin * fan_in)
    if largest >= LARGEST_LOSS:
        raise InputError(
            f"{problem.name}: the loss {problem.loss} of {problem.num_samples} samples can reach {largest} units of "
            f"{unit:g}, and losses of 2^53 units and more are not exact in double precision; "
            "use fewer samples, or the loss zero_one."
        )
    inputs, targets = problem.inputs, problem.targets
    if is_odd(network):
        sign = inputs[:, :1]
        inputs, targets = inputs * sign, targets * sign
    first, place = distinct_rows(inputs)
    rows = inputs[first]
    net = np.zeros((len(rows), network.num_outputs), dtype=np.int64)
    np.add.at(net, place, targets.astype(np.int64))
    conflicts = int(problem.num_samples * network.num_outputs - np.abs(net).sum()) // 2
    kept = np.flatnonzero(net.any(axis=1))
    kept = kept if len(kept) else np.array([0])  # a search over no samples would be a case of its own
    return DistinctSamples(
        network=network,
        inputs=rows[kept],
        targets=np.where(net[kept] >= 0, 1, -1).astype(np.int8),
        weights=np.abs(net[kept]),
        base=conflicts * (errors + margin * fan_in),
        errors=errors,
        margin=margin,
        unit=unit,
    )


def all_samples(problem: Problem) -> DistinctSamples:
    """Return every sample for itself, with whole numbers for losses."""
    errors, margin, unit = integer_prices(problem)
    weights = np.ones(problem.targets.shape, dtype=np.int64)
    return DistinctSamples(problem.network, problem.inputs, problem.targets, weights, 0, errors, margin, unit)
