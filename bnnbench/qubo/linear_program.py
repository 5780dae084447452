"""Mixed-integer linear models of a training problem and of a QUBO, as arrays that any MIP solver takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem, integer_prices
from bnnbench.qubo.constraint import Affine
from bnnbench.qubo.network_walk import outputs
from bnnbench.qubo.qubo import Qubo, bound_slack
from bnnbench.qubo.symmetry import is_fixed


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Minimize ``cost·x`` with ``A x ≤ upper`` and x in [lowest, 1], some of it whole.

    Attributes
    ----------
    cost, lowest
        float64 of shape (n,).
    matrix
        A, scipy sparse array of shape (m, n) by rows.
    upper
        float64 of shape (m,).
    is_whole
        bool of shape (n,).
    offset
        What the objective lacks to the loss or the energy; libraries do not see it, as it would eat their precision.
    num_answers
        The first variables are the answer: weights, or bits.
    unit
        The loss or the energy is a multiple of it at whole points; 0 if that is not known.
    """

    cost: NDArray[np.float64]
    offset: float
    matrix: Any
    upper: NDArray[np.float64]
    lowest: NDArray[np.float64]
    is_whole: NDArray[np.bool_]
    num_answers: int
    unit: float

    def safe_bound(self, bound: float, least_unit: float = 0.0) -> float:
        """Return a bound on the least loss or energy, from one in floating point on ``cost·x``.

        One part in a million is taken off, which is the tolerance of such solvers, and the rest is rounded up to the
        next multiple of the unit, or of a larger `least_unit` of which the least value is known to be a multiple.
        """
        total = bound - bound_slack(bound) + self.offset
        unit = max(self.unit, least_unit)
        return float(np.ceil(total / unit) * unit) if unit else total


class _Builder:
    """Collects variables and rows."""

    def __init__(self) -> None:
        self.lowest: list[float] = []
        self.is_whole: list[bool] = []
        self.rows: list[tuple[Mapping[int, float], float]] = []

    def variable(self, *, whole: bool, lowest: float = 0.0) -> Affine:
        self.lowest.append(lowest)
        self.is_whole.append(whole)
        return Affine({len(self.lowest) - 1: 1})

    def at_most(self, form: Affine, bound: float) -> None:
        self.rows.append((form.coefficients, bound - form.constant))

    def data(self, *, is_positive: bool) -> Affine:
        return Affine({}, int(is_positive))

    def count(self, weights: Sequence[Affine], values: Sequence[Affine]) -> Affine:
        """Return Σ [weight = value], with 1 − w − a + 2wa for each; data needs no variable."""
        total = Affine({})
        for weight, value in zip(weights, values, strict=True):
            if value.coefficients:
                total = total.plus(Affine({}, 1)).plus(weight, -1).plus(value, -1)
                total = total.plus(self.product(weight, value), 2)
            else:
                total = total.plus(weight) if value.constant else total.plus(Affine({}, 1)).plus(weight, -1)
        return total

    def activation(self, count: Affine, threshold: int, fan_in: int) -> Affine:
        """Return α with T·α ≤ s ≤ T − 1 + (m − T + 1)·α."""
        active = self.variable(whole=True)
        self.at_most(active.plus(active, threshold - 1).plus(count, -1), 0)
        self.at_most(count.plus(active, threshold - 1 - fan_in), threshold - 1)
        return active

    def product(self, first: Affine, second: Affine) -> Affine:
        """Return the product of two values in {0, 1}."""
        result = self.variable(whole=False)
        self.at_most(result.plus(first, -1), 0)
        self.at_most(result.plus(second, -1), 0)
        self.at_most(first.plus(second).plus(result, -1), 1)
        return result

    def model(self, cost: Mapping[int, float], offset: float, num_answers: int, unit: float) -> LinearModel:
        from scipy.sparse import csr_array

        dense = np.zeros(len(self.lowest))
        dense[list(cost)] = list(cost.values())
        values = [c for row, _ in self.rows for c in row.values()]
        columns = [v for row, _ in self.rows for v in row]
        starts = np.cumsum([0, *(len(row) for row, _ in self.rows)])
        shape = (len(self.rows), len(self.lowest))
        return LinearModel(
            dense,
            offset,
            csr_array((np.array(values, dtype=float), np.array(columns, dtype=np.int32), starts), shape=shape),
            np.array([bound for _, bound in self.rows], dtype=float),
            np.array(self.lowest),
            np.array(self.is_whole),
            num_answers,
            unit,
        )


def network_program(problem: Problem) -> LinearModel:
    """Return the loss over weights and activations; an activation is a pair of big-M constraints on agreements."""
    network = problem.network
    errors, margin, unit = integer_prices(problem)
    builder = _Builder()
    weights = [
        builder.variable(whole=True, lowest=float(is_fixed(network, layer, neuron, index)))
        for layer in range(1, network.num_layers + 1)
        for neuron in range(network.widths[layer])
        for index in range(network.fan_in(layer))
    ]
    rows, total = np.hstack([problem.inputs, problem.targets]), Affine({})
    fan_in = network.fan_in(network.num_layers)
    for output in outputs(problem, rows, weights, builder):
        is_positive = output.is_positive
        wrong = Affine({}, 1).plus(output.activation, -1) if is_positive else output.activation
        disagreements = Affine({}, fan_in).plus(output.count, -1) if is_positive else output.count
        total = total.plus(wrong, errors).plus(disagreements, margin)
    cost = {variable: unit * c for variable, c in total.coefficients.items()}
    return builder.model(cost, unit * total.constant, len(weights), unit)


def linearized(qubo: Qubo) -> LinearModel:
    """Return the energy with a variable for each product of bits (R. Fortet, 1960)."""
    builder = _Builder()
    bits = [builder.variable(whole=True) for _ in range(qubo.num_variables)]
    cost = dict(enumerate(qubo.linear.tolist()))
    for i, j, coupling in zip(qubo.rows.tolist(), qubo.cols.tolist(), qubo.couplings.tolist(), strict=True):
        product = builder.product(bits[i], bits[j])
        cost |= dict.fromkeys(product.coefficients, coupling)
    return builder.model(cost, qubo.offset, len(bits), qubo.unit)
