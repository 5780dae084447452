"""QAOA on the QUBO by state-vector simulation on the precomputed diagonal, with kernels of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.solver.contract import Objective, WorksOn

from ._diagonal import Diagonal, energy_diagonal
from ._qaoa import Qaoa


@dataclass(frozen=True, kw_only=True)
class QaoaDiagonal(Qaoa):
    """Quantum approximate optimization algorithm on the energy of the QUBO: a qubit per variable, ancillas included."""

    needs: ClassVar[tuple[str, ...]] = ("numba", "scipy")
    works_on: ClassVar[WorksOn] = "qubo"

    @override
    def num_qubits(self, instance: Objective) -> int:
        return instance.qubo.num_variables

    @override
    def diagonal(self, instance: Objective) -> Diagonal:
        return energy_diagonal(instance.qubo)

    @override
    def qubits_of(self, instance: Objective, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        del instance
        return bits
