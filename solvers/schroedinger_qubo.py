"""Ideal quantum annealing of the QUBO: the Schrödinger equation on a qubit per variable, ancillas included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from bnnbench.solver.contract import Objective, WorksOn

from ._diagonal import Diagonal, energy_diagonal
from ._schroedinger import Schroedinger


@dataclass(frozen=True, kw_only=True)
class SchroedingerQubo(Schroedinger):
    """Closed-system annealing of the energy: what a quantum annealer without noise, embedding or error would do."""

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    works_on: ClassVar[WorksOn] = "qubo"

    @override
    def num_qubits(self, instance: Objective) -> int:
        return instance.qubo.num_variables

    @override
    def diagonal(self, instance: Objective) -> Diagonal:
        return energy_diagonal(instance.qubo)
