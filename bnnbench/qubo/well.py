"""The well of a neuron: the range into which its pre-activation is drawn, and how it is laid out in bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.qubo.constraint import Affine, Square
from bnnbench.qubo.counter import NoCounter, doubling
from bnnbench.qubo.encoding import Builder


@dataclass(frozen=True)
class Well:
    """The range of a·z around κ … κ + 2C for a neuron of fan-in m with the pre-activation z and the activation a.

    If κ has the parity of m, the penalty is ``λ·d²/4`` with the distance d of a·z from κ + 2Σ c_k b_k, the slack bits
    free. If not, a·z can be no such value but has one on either side, and the penalty is ``λ·(d² − 1)/8``: 0 on both.
    """

    fan_in: int
    margin: int
    reach: int
    step: int
    penalty: float

    @property
    def weights(self) -> list[int]:
        """Return the weights of the slack bits, whose sum is C."""
        return doubling(self.step, self.reach)

    @property
    def is_paired(self) -> bool:
        """Return whether κ lies between two values of a·z, so that both are free."""
        return (self.fan_in - self.margin) % 2 == 1

    @property
    def guaranteed(self) -> int:
        """Return the least a·z that costs nothing."""
        return self.margin - self.is_paired

    @property
    def is_exact(self) -> bool:
        """Return whether a·z costs nothing if and only if it is 1, 3, …, m."""
        free = {sum_ + k for sum_ in _sums(self.weights) for k in range(1 + self.is_paired)}
        return self.guaranteed == 1 and free == set(range((self.fan_in + 1) // 2))

    @property
    def lowest(self) -> int:
        """Return the agreement count of the lower end of the well at a = −1."""
        return (self.fan_in - self.margin - 2 * self.reach) // 2

    def energy_scale(self, *, is_first: bool) -> float:
        """Return a bound on Σ |h| + Σ |J| + |offset| in spin form of one neuron on one sample, for λ of this well."""
        # In spins, a product of a weight and an activation is 1 − w − a + 2p.
        form = self.fan_in * (1 if is_first else 5) + self.margin + 2 * self.reach + 1
        return self.penalty * (form * form / 4 + (0 if is_first else Builder.edge_size * self.fan_in) + 2)

    def bits_of(self, counts: NDArray[np.int64], active: NDArray[np.bool_]) -> NDArray[np.int8]:
        """Return the slack bits of least energy for agreement counts; one more axis, a place per bit."""
        states = np.arange(2 ** len(self.weights))[:, None] >> np.arange(len(self.weights)) & 1
        sums = states @ np.array(self.weights, dtype=np.int64)
        distance = np.arange(self.reach + 2)[:, None] - sums
        nearest = (distance * (distance - 1) if self.is_paired else distance**2).argmin(axis=1)
        rest = np.clip(counts - self.lowest - (self.margin + self.reach) * active, 0, self.reach + 1)
        return np.asarray(states[nearest[rest]], dtype=np.int8)


@dataclass(frozen=True)
class WellCounter(NoCounter):
    """Hands the wells of the layers to the builder."""

    wells: tuple[Well, ...]


@dataclass
class WellBuilder(Builder):
    """Lay out one sample with wells in place of counters."""

    def _add_sign(self, layer: int, neuron: int, count: Affine) -> int:
        well: Well = self.counter.wells[layer - 1]  # type: ignore[attr-defined]
        bits = {self.add("count", layer, neuron, place): -weight for place, weight in enumerate(well.weights)}
        alpha = self.add("activation", layer, neuron)
        rest = Affine({**bits, alpha: -(well.margin + well.reach)}, -well.lowest)
        self.penalties.append(Square("sign", layer, count.plus(rest), 0, int(well.is_paired)))
        return alpha


def default_well(fan_in: int, *, is_single: bool, is_output: bool) -> tuple[int, int, int, float]:
    """Return κ, C, the step of the slack weights, and λ for a fan-in m.

    In a network of a single layer κ is near 0.75·√m, and two slack bits have weights near √m/2 and √m, so that κ + 2C
    is near 3.75·√m; λ = 1. In others κ is near 1.65·√m and C = 0; λ is 2/m, but 1 at the output. Nothing exceeds
    what z can be, and the least a·z that costs nothing is positive. How it was found: docs/penalties.md.

    Parameters
    ----------
    is_single
        Whether the network has no other layer.
    is_output
        Whether the layer is the last one.
    """
    least, root = 1 if fan_in % 2 else 2, math.sqrt(fan_in)
    if not is_single:
        return max(least, min(fan_in, round(1.65 * root))), 0, 1, 1.0 if is_output else 2 / fan_in
    margin = max(least, round(0.75 * root))
    step = max(1 + (fan_in - margin) % 2, round(root / 2))
    return margin, max(0, min(3 * step, (fan_in - margin) // 2)), step, 1.0


def _sums(weights: list[int]) -> set[int]:
    sums = {0}
    for weight in weights:
        sums |= {weight + other for other in sums}
    return sums
