"""QAOA on the weights of the network, without any QUBO: a qubit per weight, no ancilla."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._diagonal import WeightQubits
from ._qaoa import Qaoa


@dataclass(frozen=True, kw_only=True)
class QaoaWeights(Qaoa, WeightQubits):
    """Quantum approximate optimization algorithm on the training loss, as a diagonal over all weight settings.

    A circuit for this diagonal is not given: the simulation looks the loss up, as an oracle would.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba", "scipy")
    loads: ClassVar[tuple[str, ...]] = ("scipy.optimize",)
