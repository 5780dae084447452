"""Ideal quantum annealing of the weights, without any QUBO: the Schrödinger equation on a qubit per weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._diagonal import WeightQubits
from ._schroedinger import Schroedinger


@dataclass(frozen=True, kw_only=True)
class SchroedingerWeights(Schroedinger, WeightQubits):
    """Closed-system annealing of the training loss, which couples as many qubits as the data demand.

    No annealer has such couplings: it shows what is lost by the ancillas of a QUBO, which stand for them.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
