"""Counters: how the rest of an agreement count is written in bits.

A neuron of fan-in m has the agreement count s, the threshold T = ⌈m/2⌉ and the activation bit α = [s ≥ T]. The rest
r = s − T·α is at most M = (m − 1)/2 for odd m and m/2 − 1 for even m, but for one more bit e that only α = 1 allows.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import UnknownNameError


@dataclass(frozen=True)
class Counter(abc.ABC):
    """A way to write r ∈ [0, M] in bits, with the range of s − T·α − r that violates nothing."""

    def added_inputs(self, fan_in: int) -> int:
        """Return how many inputs that always agree join the neuron; one makes an even fan-in odd."""
        del fan_in
        return 0

    def largest(self, fan_in: int) -> int:
        """Return M: (m − 1)/2 for odd m, m/2 − 1 for even m, or m/2 where one more input makes it odd."""
        return fan_in // 2 if self.added_inputs(fan_in) else (fan_in - 1) // 2

    def form_range(self, fan_in: int) -> tuple[int, int]:
        """Return the least and the largest s − T·α − r that violates nothing."""
        del fan_in
        return 0, 0

    def is_exact(self, fan_in: int) -> bool:
        """Return whether the penalty is 0 wherever nothing is violated."""
        del fan_in
        return True

    @abc.abstractmethod
    def weights(self, fan_in: int) -> list[int]:
        """Return the weights of the bits that write r."""

    def table(self, fan_in: int) -> NDArray[np.int8]:
        """Return the bits of every r = 0, …, M: int8 of shape (M + 1, bits). The largest weights come first."""
        weights = self.weights(fan_in)
        rest = np.arange(self.largest(fan_in) + 1)
        table = np.zeros((len(rest), len(weights)), dtype=np.int8)
        for place in np.argsort(weights, kind="stable")[::-1]:
            has = rest >= weights[place]  # no int8: a weight can be above 127
            table[:, place] = has
            rest = rest - weights[place] * has
        return table


@dataclass(frozen=True)
class Binary(Counter):
    """Weights 1, 2, 4, …, and a last one that makes the sum M."""

    def weights(self, fan_in: int) -> list[int]:
        """Return ⌈log2(M + 1)⌉ weights."""
        return doubling(1, self.largest(fan_in))


@dataclass(frozen=True)
class Unary(Counter):
    """M equal bits, so that one flip moves the count by one."""

    def weights(self, fan_in: int) -> list[int]:
        """Return M ones."""
        return [1] * self.largest(fan_in)


@dataclass(frozen=True)
class Paired(Counter):
    """Counter of every second r: the penalty k·(k − 1)/2 of k = s − T·α − r does not tell r from the next one."""

    def added_inputs(self, fan_in: int) -> int:
        """Return 1 for an even fan-in."""
        return int(fan_in % 2 == 0)

    def form_range(self, fan_in: int) -> tuple[int, int]:
        """Return 0 and 1, or 0 and 0 where M = 0."""
        return 0, int(self.largest(fan_in) > 0)

    def weights(self, fan_in: int) -> list[int]:
        """Return 2, 4, 8, … and a last weight that makes the sum M − 1: of two neighbors in [0, M] one is written."""
        return doubling(2, self.largest(fan_in) - 1)


@dataclass(frozen=True)
class NoCounter(Counter):
    """No bits: r is the middle of [0, M], and the penalty grows with the distance from it on both sides."""

    def added_inputs(self, fan_in: int) -> int:
        """Return 1 for an even fan-in."""
        return int(fan_in % 2 == 0)

    def form_range(self, fan_in: int) -> tuple[int, int]:
        """Return all of [0, M], seen from its middle."""
        largest = self.largest(fan_in)
        return -(largest // 2), largest - largest // 2

    def is_exact(self, fan_in: int) -> bool:
        """Return whether [0, M] has at most two values, as it has up to fan-in 3."""
        return self.largest(fan_in) <= 1

    def weights(self, fan_in: int) -> list[int]:
        """Return no weights."""
        del fan_in
        return []


def doubling(first: int, total: int) -> list[int]:
    """Return the weights first, 2·first, 4·first, … and a last one that makes their sum the total."""
    weights: list[int] = []
    while sum(weights) < total:
        weights.append(min(first << len(weights), total - sum(weights)))
    return weights


COUNTERS: dict[str, Counter] = {"binary": Binary(), "unary": Unary(), "paired": Paired(), "none": NoCounter()}
"""What specifications call them."""


def counter_named(name: str, formulation: str) -> Counter:
    """Return the counter of a name.

    Raises
    ------
    UnknownNameError
        If there is no such counter; it says which formulation asked.
    """
    if name not in COUNTERS:
        raise UnknownNameError(f"counter for the formulation {formulation}", str(name), COUNTERS)
    return COUNTERS[name]
