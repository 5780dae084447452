"""QAOA on the QUBO by state-vector simulation on the precomputed diagonal, with kernels of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._diagonal import VariableQubits
from ._qaoa import Qaoa


@dataclass(frozen=True, kw_only=True)
class QaoaDiagonal(Qaoa, VariableQubits):
    """Quantum approximate optimization algorithm on the energy of the QUBO: a qubit per variable, ancillas included."""

    needs: ClassVar[tuple[str, ...]] = ("numba", "scipy")
    loads: ClassVar[tuple[str, ...]] = ("scipy.optimize",)
