"""A QUBO without a network, as a problem: its bits are the weights, and its energy is the loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.hashing import content_hash
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights, Problem
from bnnbench.qubo.qubo import Qubo

GIVEN = "given"
"""Name of the one formulation of such problems: nothing is written anew."""
ENERGY = "energy"
"""Name of the loss of a QUBO, in results."""


@dataclass(frozen=True, eq=False)
class QuboProblem(Problem):
    """Find bits of least energy. There are no data, so that there is no accuracy, and 0 is no bound of the energy.

    Weights are spins, −1 for 0 and +1 for 1, of shape (…, n): a network of one neuron has as many.

    Parameters
    ----------
    qubo
        What is minimized.
    """

    qubo: Qubo = field(kw_only=True)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "loss", ENERGY)

    @override
    def __str__(self) -> str:
        return f"{self.name}: QUBO of {self.qubo.num_variables} variables, {self.qubo.num_couplings} couplings"

    @property
    @override
    def num_samples(self) -> int:
        return 0

    @cached_property
    @override
    def hash(self) -> str:
        return content_hash("qubo problem", {"qubo": self.qubo.hash})

    @cached_property
    @override
    def loss_weights(self) -> LossWeights:
        return LossWeights(errors=1.0, margin=0.0)

    @override
    def training_loss(self, weights: Any) -> NDArray[np.float64]:
        bits = (self.network.check_weights(weights) + 1) // 2
        return self.qubo.energies(bits.reshape(-1, self.qubo.num_variables)).reshape(bits.shape[:-1])

    @property
    @override
    def loss_unit(self) -> float:
        """The largest power of two of which all energies are multiples; 1 if all are 0."""
        return self.qubo.unit or 1.0

    @override
    def accuracy(self, weights: Any) -> NDArray[np.float64]:
        return np.full(self.network.check_weights(weights).shape[:-1], np.nan)


def qubo_problem(qubo: Qubo, name: str) -> QuboProblem:
    """Return a QUBO as a problem."""
    ones = np.ones((1, qubo.num_variables), dtype=np.int8)
    return QuboProblem(Network((qubo.num_variables, 1)), ones, ones[:, :1], name=name, qubo=qubo)
