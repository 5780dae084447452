"""Ideal quantum annealing of the weights, without any QUBO: the Schrödinger equation on a qubit per weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Objective, WorksOn

from ._diagonal import Diagonal, network_of, weight_diagonal
from ._schroedinger import Schroedinger


@dataclass(frozen=True, kw_only=True)
class SchroedingerWeights(Schroedinger):
    """Closed-system annealing of the training loss, which couples as many qubits as the data demand.

    No annealer has such couplings: it shows what is lost by the ancillas of a QUBO, which stand for them.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    works_on: ClassVar[WorksOn] = "network"

    @override
    def num_qubits(self, instance: Objective) -> int:
        return network_of(instance, self.name).problem.network.num_weights

    @override
    def refuses(self, instance: Objective) -> str | None:
        if not isinstance(instance, Instance):
            return f"{self.name} needs a network, but this QUBO has none."
        return super().refuses(instance)

    @override
    def diagonal(self, instance: Objective) -> Diagonal:
        return weight_diagonal(network_of(instance, self.name))
