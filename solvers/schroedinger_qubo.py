"""Ideal quantum annealing of the QUBO: the Schrödinger equation on a qubit per variable, ancillas included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._diagonal import VariableQubits
from ._schroedinger import Schroedinger


@dataclass(frozen=True, kw_only=True)
class SchroedingerQubo(Schroedinger, VariableQubits):
    """Closed-system annealing of the energy: what a quantum annealer without noise, embedding or error would do."""

    needs: ClassVar[tuple[str, ...]] = ("numba",)
