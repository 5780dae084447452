"""Networks whose weights are means of broken chains: what an annealer's answer is worth without a vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo_problem import QuboProblem
from bnnbench.solver.contract import Objective

TIE = 1e-9
"""A pre-activation below it is 0, which sums of fractions miss by rounding."""


@dataclass(frozen=True, eq=False)
class WeightReader:
    """The variable behind each weight; weights that the formulation fixes have none.

    Attributes
    ----------
    base, slope
        w = base + slope·variable, float64 of shape (num_weights,); a fixed weight has slope 0.
    variable
        Place of the variable in the QUBO, shape (num_weights,).
    """

    problem: Problem
    base: NDArray[np.float64]
    slope: NDArray[np.float64]
    variable: NDArray[np.int64]

    def weights(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weights in [−1, 1] for means of chains in [0, 1]: (k, n) to (k, num_weights)."""
        return self.base + self.slope * means[:, self.variable]

    def losses(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the training loss of weights in [−1, 1], (k, num_weights) to (k,).

        ``a = sgn(Σ_i w_i a_i)`` in every layer, with sgn(0) = +1 as in a binary network. Such a network is none, so
        that its loss may be below the optimum.
        """
        network, problem = self.problem.network, self.problem
        activation = problem.inputs.astype(np.float64)
        for layer in range(1, network.num_layers + 1):
            matrix = network.layer_weights(weights, layer)
            z = activation @ np.swapaxes(matrix[..., : network.widths[layer - 1]], -1, -2)
            if network.bias:
                z = z + matrix[..., None, :, -1]
            z = np.where(np.abs(z) < TIE, 0.0, z)
            activation = np.where(z >= 0, 1.0, -1.0)
        return problem.loss_of_outputs(z)


def weight_reader(instance: Objective) -> WeightReader | None:
    """Find the variable of each weight by decoding the zero state and each single bit; None without a network.

    Raises
    ------
    InputError
        If a weight depends on more than one bit, so that a mean of bits says nothing of it.
    """
    if not isinstance(instance, Instance) or isinstance(instance.problem, QuboProblem):
        return None
    n = instance.qubo.num_variables
    zero = np.zeros((1, n), dtype=np.int8)
    base = instance.decode(zero)[0].astype(np.int64)
    change = instance.decode(np.eye(n, dtype=np.int8)) - base
    all_ones = instance.decode(1 - zero)[0]
    if (np.count_nonzero(change, axis=0) > 1).any() or (base + change.sum(axis=0) != all_ones).any():
        raise InputError(
            f"chain_breaks=mean: {instance} has weights that depend on several bits, whose means are no weight; take "
            "another chain_breaks."
        )
    variable = np.abs(change).argmax(axis=0)
    slope = change[variable, np.arange(len(base))]
    return WeightReader(instance.problem, base.astype(np.float64), slope.astype(np.float64), variable)


@dataclass(eq=False)
class FractionalTally:
    """Facts of a run's networks of fractional weights, over all reads so far."""

    reader: WeightReader
    num_reads: int = 0
    total_loss: float = 0.0
    least_loss: float = float("inf")
    num_fractional: int = 0

    def add(self, means: NDArray[np.float64]) -> dict[str, float]:
        """Add reads, as the mean of each variable's chain, and return the facts.

        They are ``fractional_weights``, the share of weights whose chain is broken; and ``fractional_loss`` and
        ``fractional_mean_loss``, the least and the mean training loss, in units of loss.
        """
        weights = self.reader.weights(means)
        losses = self.reader.losses(weights)
        self.num_reads += len(means)
        self.total_loss += float(losses.sum())
        self.least_loss = min(self.least_loss, float(losses.min()))
        self.num_fractional += int(np.count_nonzero(np.abs(weights) < 1 - TIE))
        num_weights = self.num_reads * int(np.count_nonzero(self.reader.slope))
        return {
            "fractional_weights": self.num_fractional / max(num_weights, 1),
            "fractional_loss": self.least_loss,
            "fractional_mean_loss": self.total_loss / self.num_reads,
        }
