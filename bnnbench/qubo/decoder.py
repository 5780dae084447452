"""The way between the bits of an instance and the weights of the network."""

from __future__ import annotations

import abc

import numpy as np
from numpy.typing import NDArray


class Decoder(abc.ABC):
    """The meaning of the bits of an instance. Arguments are checked before: int8 of the right shapes."""

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """Arrays that decoding relies on and that are kept, so that a change of theirs can be seen."""
        return ()

    @abc.abstractmethod
    def decode(self, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits: (k, n) of 0 and 1 to (k, num_weights) of −1 and +1."""

    @abc.abstractmethod
    def canonical(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the setting that computes the same as `weights` and that bits can say; shape unchanged."""

    @abc.abstractmethod
    def complete(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return bits that decode to the canonical weights, (k, num_weights) to (k, n): see `Formulation.complete`."""

    def cannot_complete(self) -> str | None:
        """Return why weights cannot be completed to bits, as a sentence; None if they can."""
        return None

    @abc.abstractmethod
    def violations(self, bits: NDArray[np.int8]) -> dict[str, NDArray[np.int64]]:
        """Return the number of violated constraints by kind, each of shape (k,)."""
