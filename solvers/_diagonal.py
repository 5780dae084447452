"""The diagonals that quantum algorithms work on: the loss of all weight settings, and the energy of all assignments."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.optimum.losses import all_losses
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo, all_energies
from bnnbench.solver.contract import Objective, Solver

from ._network_solver import NetworkSolver

Map = Callable[[NDArray[np.int8]], NDArray[np.int8]]


@dataclass(frozen=True, eq=False)
class Diagonal:
    """A cost of 2^n states, and what a state means.

    Attributes
    ----------
    values
        Cost of each state, float64 of shape (2^n,), in units of loss; bit q of a state's number is qubit q.
    to_bits
        Turns qubits, int8 of shape (k, n), 0 or 1, into the bits of the instance.
    to_qubits
        Turns bits of the instance, int8 of shape (k, variables), into qubits.
    """

    values: NDArray[np.float64]
    to_bits: Map
    to_qubits: Map

    @property
    def num_qubits(self) -> int:
        """n."""
        return len(self.values).bit_length() - 1

    def bits_of(self, states: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return the instance's bits of states that are given by their numbers, (k,)."""
        return self.to_bits((states[:, None] >> np.arange(self.num_qubits) & 1).astype(np.int8))


def energy_diagonal(qubo: Qubo) -> Diagonal:
    """Compute the energy of every assignment: n is the number of variables, ancillas included."""
    return Diagonal(all_energies(qubo.linear, qubo.symmetric(), qubo.offset), lambda qubits: qubits, lambda bits: bits)


def weight_diagonal(instance: Instance) -> Diagonal:
    """Compute the training loss of every weight setting: n is the number of weights, and no qubit is an ancilla.

    A qubit of 1 is a weight of +1.
    """
    return Diagonal(
        all_losses(instance.problem),
        lambda qubits: instance.complete(2 * qubits - 1),
        lambda bits: (instance.decode(bits) > 0).astype(np.int8),
    )


class DiagonalSolver(Solver):
    """A method on a diagonal cost; what its qubits are, a second base says."""

    max_qubits: int

    @abc.abstractmethod
    def num_qubits(self, instance: Objective) -> int:
        """Count the qubits that an instance takes."""

    @abc.abstractmethod
    def diagonal(self, instance: Objective) -> Diagonal:
        """Compute the cost of every state."""

    @override
    def refuses(self, instance: Objective) -> str | None:
        qubits = self.num_qubits(instance)
        if qubits <= self.max_qubits:
            return None
        return f"{self.name}: {qubits} qubits are more than max_qubits = {self.max_qubits}; each doubles the cost."


class VariableQubits(DiagonalSolver):
    """A qubit per variable of the QUBO, ancillas included."""

    @override
    def num_qubits(self, instance: Objective) -> int:
        return instance.qubo.num_variables

    @override
    def diagonal(self, instance: Objective) -> Diagonal:
        return energy_diagonal(instance.qubo)


class WeightQubits(NetworkSolver, DiagonalSolver):
    """A qubit per weight of the network, and no ancilla."""

    @override
    def num_qubits(self, instance: Objective) -> int:
        return self.network_of(instance).problem.network.num_weights

    @override
    def diagonal(self, instance: Objective) -> Diagonal:
        return weight_diagonal(self.network_of(instance))
