"""A polynomial in the place of the sign, and the squared error in the place of the loss; not exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Soundness
from bnnbench.qubo.table_formulation import Strength, TableFormulation


@dataclass(frozen=True, kw_only=True)
class PolynomialActivation(TableFormulation):
    """``Σ_n Σ_o (y_no − f_no)² / 4`` with ``P(z)`` instead of ``sgn(z)``, in hidden layers and at the output.

    P is the odd polynomial of least squares to the sign over the values that z takes with random weights.

    References
    ----------
    S. Abel, J. C. Criado and M. Spannowsky, "Completely Quantum Neural Networks", arXiv 2202.11727, 2022; its text was
    not at hand: implemented is what stands above, with binary weights.
    """

    degree: Annotated[int, Field(ge=1, le=9)] = 3
    """Degree of P; an even one is the odd one below it."""
    strength: Strength = None
    """Price of a product that is wrong; None: 2 Σ |c| over the terms of degree above two, which keeps the minimum."""

    @override
    def table(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.float64]:
        network = problem.network
        total = np.zeros(len(weights))
        layers = [network.layer_weights(weights, layer) for layer in range(1, network.num_layers + 1)]
        for inputs, targets in zip(problem.inputs.astype(np.float64), problem.targets, strict=True):
            values = np.broadcast_to(inputs, (len(weights), len(inputs)))
            for layer in layers:
                if network.bias:
                    values = np.hstack([values, np.ones((len(values), 1))])
                values = self.activation(np.einsum("kji,ki->kj", layer, values), layer.shape[-1])
            total += np.square(targets - values).sum(axis=1) / 4
        return total

    def activation(self, sums: NDArray[np.float64], fan_in: int) -> NDArray[np.float64]:
        """Return P of pre-activations."""
        powers = np.arange(1, self.degree + 1, 2)
        agreements = np.arange(fan_in + 1)
        z = 2.0 * agreements - fan_in
        chance = np.array([_binomial(fan_in, k) for k in agreements.tolist()])
        root = np.sqrt(chance / chance.sum())
        sign = np.where(z >= 0, 1.0, -1.0) if fan_in % 2 else np.sign(z)
        coefficients = np.linalg.lstsq(root[:, None] * (z[:, None] / fan_in) ** powers, root * sign, rcond=None)[0]
        result: NDArray[np.float64] = ((sums[..., None] / fan_in) ** powers) @ coefficients
        return result

    @override
    def soundness(self, problem: Problem) -> Soundness:
        return Soundness.UNSOUND


def _binomial(n: int, k: int) -> float:
    from math import comb

    return float(comb(n, k))
