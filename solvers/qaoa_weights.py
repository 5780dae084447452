"""QAOA on the weights of the network, without any QUBO: a qubit per weight, no ancilla."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Objective, WorksOn

from ._diagonal import Diagonal, network_of, weight_diagonal
from ._qaoa import Qaoa


@dataclass(frozen=True, kw_only=True)
class QaoaWeights(Qaoa):
    """Quantum approximate optimization algorithm on the training loss, as a diagonal over all weight settings.

    A circuit for this diagonal is not given: the simulation looks the loss up, as an oracle would.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba", "scipy")
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

    @override
    def qubits_of(self, instance: Objective, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        return (network_of(instance, self.name).decode(bits) > 0).astype(np.int8)
