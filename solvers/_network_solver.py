"""A solver of the network itself: it reads weights and samples, so that a bare QUBO is refused."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import override

from bnnbench.errors import InputError
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Objective, Solver, WorksOn


class NetworkSolver(Solver):
    """A method on the weights of a network; another base may follow it, and is asked once there is a network."""

    works_on: ClassVar[WorksOn] = "network"

    def refuses_network(self, instance: Instance) -> str | None:
        """Return why the solver does not apply to a network, as a sentence; None if it does."""
        del instance
        return None

    @override
    def refuses(self, instance: Objective) -> str | None:
        if not isinstance(instance, Instance):
            return f"{self.name} needs a network, but this QUBO has none."
        return self.refuses_network(instance) or super().refuses(instance)

    @override
    def prepare(self, instance: Objective) -> Any:
        return self.network_of(instance)

    def network_of(self, instance: Objective) -> Instance:
        """Return an instance that has a network.

        Raises
        ------
        InputError
            If a bare QUBO came.
        """
        if not isinstance(instance, Instance):
            raise InputError(self.refuses(instance))
        return instance
