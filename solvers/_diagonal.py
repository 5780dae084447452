"""The diagonals that quantum algorithms work on: the loss of all weight settings, and the energy of all assignments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.optimum.losses import all_losses
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo, all_energies
from bnnbench.solver.contract import Objective


@dataclass(frozen=True, eq=False)
class Diagonal:
    """A cost of 2^n states, and what a state means.

    Attributes
    ----------
    values
        Cost of each state, float64 of shape (2^n,), in units of loss; bit q of a state's number is qubit q.
    to_bits
        Turns qubits, int8 of shape (k, n), 0 or 1, into the bits of the instance.
    """

    values: NDArray[np.float64]
    to_bits: Callable[[NDArray[np.int8]], NDArray[np.int8]]

    @property
    def num_qubits(self) -> int:
        """n."""
        return len(self.values).bit_length() - 1

    def bits_of(self, states: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return the instance's bits of states that are given by their numbers, (k,)."""
        return self.to_bits((states[:, None] >> np.arange(self.num_qubits) & 1).astype(np.int8))


def energy_diagonal(qubo: Qubo) -> Diagonal:
    """Compute the energy of every assignment: n is the number of variables, ancillas included."""
    return Diagonal(all_energies(qubo.linear, qubo.symmetric(), qubo.offset), lambda qubits: qubits)


def weight_diagonal(instance: Instance) -> Diagonal:
    """Compute the training loss of every weight setting: n is the number of weights, and no qubit is an ancilla.

    A qubit of 1 is a weight of +1.
    """
    return Diagonal(all_losses(instance.problem), lambda qubits: instance.complete(2 * qubits - 1))


def network_of(instance: Objective, solver: str) -> Instance:
    """Return an instance that has a network, or raise `InputError`."""
    if not isinstance(instance, Instance):
        raise InputError(f"{solver} needs a network, but this QUBO has none.")
    return instance
