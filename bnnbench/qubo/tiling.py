"""Tiling: one encoding summed over the samples of a problem.

In spin form a sample is a gauge transformation of the template: the first-layer weight spin of input i is multiplied
by x_i, and what depends on the target of output o by y_o. Weights are shared by the samples, ancillas are private. So
compiling is array work, linear in the number of samples, and first-layer couplings add up to a Gram matrix of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.merging import WeightedSamples
from bnnbench.problem.problem import Problem
from bnnbench.qubo import symmetry
from bnnbench.qubo.constraint import Affine, Gate, Square
from bnnbench.qubo.decoder import Decoder
from bnnbench.qubo.encoding import Encoding, Variable
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.template import Template


@dataclass(frozen=True, eq=False)
class Tiling(Decoder):
    """The encoding of one sample, laid over the samples of a problem.

    Bits are in canonical order: the free weights in the order of the weight vector, then for each sample its ancillas
    in the order of `Encoding.variables`.

    Attributes
    ----------
    penalties
        λ_1, …, λ_L, as the QUBO has them for a sample of weight 1.
    samples
        What the encoding is laid over: all samples of the problem, or its distinct rows with their weights.
    """

    problem: Problem
    encoding: Encoding
    penalties: tuple[float, ...]
    samples: WeightedSamples

    @cached_property
    def free_weights(self) -> NDArray[np.int64]:
        """Places in the weight vector of the weights that have a variable."""
        network = self.problem.network
        return np.array(
            [
                network.offset(v.layer) + v.neuron * network.fan_in(v.layer) + v.index
                for v in self.encoding.variables[: self.encoding.num_weights]
            ],
            dtype=np.int64,
        )

    @property
    def arrays(self) -> tuple[NDArray[np.int64], ...]:
        """The places of the free weights."""
        return (self.free_weights,)

    @property
    def num_variables(self) -> int:
        """Bits of the instance."""
        return self.encoding.num_weights + len(self.samples) * self.encoding.num_ancillas

    @cached_property
    def variable_names(self) -> list[str]:
        """Name of each bit, such as ``w_1_0_2`` (layer, neuron, input) or ``n3_a_1_0`` (sample 3, activation)."""
        plan = self.encoding
        shared = [str(v) for v in plan.variables[: plan.num_weights]]
        private = [str(v) for v in plan.variables[plan.num_weights :]]
        return shared + [f"n{n}_{name}" for n in range(len(self.samples)) for name in private]

    def column(self, variable: int, sample: Any) -> Any:
        """Return the bit of the instance behind a template variable of a sample, or of an array of samples."""
        plan = self.encoding
        return variable + sample * (plan.num_ancillas if variable >= plan.num_weights else 0)

    def is_complemented(self, variable: int, sample: Any = slice(None)) -> Any:
        """Return whether the inputs of a sample, or of all in turn, complement a template variable."""
        gauge = self.encoding.gauged_inputs[variable]
        return (self.samples.inputs[sample, gauge] < 0) & (gauge >= 0)

    def decode(self, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the weights behind bits; fixed weights are +1."""
        weights = np.ones((len(bits), self.problem.network.num_weights), dtype=np.int8)
        weights[:, self.free_weights] = 2 * bits[:, : self.encoding.num_weights] - 1
        return weights

    def canonical(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the setting with all fixed weights +1 that computes the same as `weights`."""
        return symmetry.canonical(self.problem.network, weights) if self.encoding.fixes_signs else weights

    def complete(self, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return bits with the best ancillas for given weights, by a forward pass.

        They violate nothing, and their energy is the training loss (but for the counter ``none``, which punishes
        strong agreement).
        """
        w = self.canonical(weights)
        plan = self.encoding
        values = ancilla_values(self, w)
        private = [values(variable) for variable in plan.variables[plan.num_weights :]]
        shared = (w[:, self.free_weights] > 0).astype(np.int8)
        if not private:
            return shared
        ancillas = np.stack(private, axis=-1).astype(np.int8)  # (k, N, ancillas)
        return np.concatenate([shared, ancillas.reshape(len(w), -1)], axis=1)

    def violations(self, bits: NDArray[np.int8]) -> dict[str, NDArray[np.int64]]:
        """Return the number of violated penalties by kind (``sign``, ``product``, ``loss``), each of shape (k,).

        A penalty on merged samples counts once.
        """
        samples = np.arange(len(self.samples))
        counts = {kind: np.zeros(len(bits), dtype=np.int64) for kind in ("sign", "product", "loss")}
        for penalty in self.encoding.penalties:
            operands = {}
            for variable in penalty.variables:
                column = bits[:, self.column(variable, samples)]
                operands[variable] = np.where(self.sees_complement(penalty, variable), 1 - column, column).astype(
                    np.int64
                )
            counts[penalty.kind] += np.count_nonzero(penalty.is_violated(operands), axis=1)  # type: ignore[arg-type]
        return counts

    def sees_complement(self, penalty: Square | Gate, variable: int, sample: Any = slice(None)) -> Any:
        """Return whether a penalty sees the complement of a template variable on a sample, or on all in turn."""
        if isinstance(penalty, Gate) and penalty.target is not None and variable == penalty.variables[-1]:
            return self.samples.targets[sample, penalty.target] < 0
        return self.is_complemented(variable, sample)

    def on_sample(self, form: Affine, sample: int) -> Affine:
        """Return an affine form of the template over the bits of the instance."""
        coefficients, constant = {}, form.constant
        for variable, coefficient in form.coefficients.items():
            flips = self.is_complemented(variable, sample)
            coefficients[self.column(variable, sample)] = -coefficient if flips else coefficient
            constant += coefficient if flips else 0
        return Affine(coefficients, constant)


ROUNDING = 1e-14
"""What cancels leaves this part of what was added at most; samplers would take it for the smallest gap."""


def tile(one: Template, inputs: NDArray[np.int8], factors: NDArray[np.float64]) -> Qubo:
    """Return the sum of the template's gauge transforms over all samples, as bits.

    Parameters
    ----------
    inputs
        −1 or +1, shape (N, d_0).
    factors
        The factors c of each sample, see `Template`: float64 of shape (N, C).
    """
    num_samples, num_weights, num_ancillas = len(inputs), one.num_weights, one.num_ancillas
    # One more input, constantly +1, stands for all template variables that no input complements.
    signs = np.hstack([inputs, np.ones((num_samples, 1))])
    gauge = one.gauged_inputs

    h_shared = _gauged_sum(one.linear[:, :num_weights], signs, factors, gauge[:num_weights])
    h_private = factors @ one.linear[:, num_weights:]

    inside = one.cols < num_weights  # rows < cols, so both ends are weights
    across = (one.rows < num_weights) & ~inside
    within = one.rows >= num_weights
    ends_rows, ends_cols = one.rows.astype(np.int32), one.cols.astype(np.int32)
    shift = num_ancillas * np.arange(num_samples, dtype=np.int32)[:, None]

    # Canonical order without a general sort: what starts at a weight needs one stable sort by its row (a radix sort on
    # 16 bits), because within a row it comes by sample and then by column; what starts at an ancilla is in order.
    first = np.concatenate([ends_rows[inside], np.tile(ends_rows[across], num_samples)])
    order = np.argsort(first.astype(np.uint16) if num_weights < 2**16 else first, kind="stable")
    # What cancels in binary fractions is exactly 0.
    sizes = np.abs(one.couplings) * (0 if one.is_dyadic else ROUNDING)
    weights = np.abs(factors)
    head = np.concatenate(
        [
            _without_residues(
                _gauged_sum(one.couplings[:, inside], signs, factors, gauge[one.rows[inside]], gauge[one.cols[inside]]),
                weights.sum(axis=0) @ sizes[:, inside],
            ),
            (
                _without_residues(factors @ one.couplings[:, across], weights @ sizes[:, across])
                * signs[:, gauge[one.rows[across]]]
            ).ravel(),
        ]
    )
    head_cols = np.concatenate([ends_cols[inside], (ends_cols[across] + shift).ravel()])
    rows = np.concatenate([first[order], (ends_rows[within] + shift).ravel()])
    cols = np.concatenate([head_cols[order], (ends_cols[within] + shift).ravel()])
    inner = _without_residues(factors @ one.couplings[:, within], weights @ sizes[:, within])
    couplings = np.concatenate([head[order], inner.ravel()])
    del first, order, head, head_cols, inner
    keep = couplings != 0
    rows, cols, couplings = rows[keep], cols[keep], couplings[keep]
    linear = np.concatenate([h_shared, h_private.ravel()])
    offset = float(np.sum(factors @ one.offset))

    # σ = 2x − 1: J σ_i σ_j = 4J x_i x_j − 2J x_i − 2J x_j + J, h σ = 2h x − h.
    n = len(linear)
    reach = 2 * np.abs(linear)
    degree = np.bincount(rows, couplings, n) + np.bincount(cols, couplings, n)
    offset += float(couplings.sum() - linear.sum())
    couplings *= 4
    linear = 2 * linear - 2 * degree
    if not one.is_dyadic:
        reach += (np.bincount(rows, np.abs(couplings), n) + np.bincount(cols, np.abs(couplings), n)) / 2
        linear = _without_residues(linear, ROUNDING * reach)
    return Qubo(linear, rows, cols, couplings, offset)


def _without_residues(values: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with 0 where they are at most as large as their part of `sizes`."""
    return np.where(np.abs(values) <= sizes, 0.0, values) if sizes.any() else values


def _gauged_sum(
    coefficients: NDArray[np.float64],
    signs: NDArray[np.float64],
    factors: NDArray[np.float64],
    *gauges: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return Σ over samples of coefficients times the signs of their ends: a weighted Gram matrix of the data."""
    total = np.zeros(coefficients.shape[1])
    for part, weight in zip(coefficients, factors.T, strict=True):
        if not part.any():
            continue
        if len(gauges) == 1:
            total += part * (weight @ signs)[gauges[0]]
        else:
            gram = signs.T @ (weight[:, None] * signs)
            total += part * gram[gauges]
    return total


def ancilla_values(tiling: Tiling, weights: NDArray[np.int8]) -> Callable[[Variable], NDArray[Any]]:
    """Return a function from an ancilla to its best values for given weights, shape (k, N)."""
    samples, network = tiling.samples, tiling.problem.network
    pre_activations = network.layers(weights, samples.inputs)
    shape = (len(weights), len(samples))
    counter = tiling.encoding.counter

    def spin_input(layer: int, index: int) -> Any:
        """Return the input of a neuron: data, bias or the activation below; broadcasts to (k, N)."""
        if index == network.widths[layer - 1]:
            return np.int8(1)
        return samples.inputs[:, index] if layer == 1 else np.where(pre_activations[layer - 2][..., index] >= 0, 1, -1)

    def value(variable: Variable) -> NDArray[Any]:
        layer, neuron = variable.layer, variable.neuron
        z = pre_activations[layer - 1][..., neuron]
        fan_in = network.fan_in(layer)
        positive = z >= 0
        one = counter.added_inputs(fan_in)
        rest = ((z + fan_in) // 2).astype(np.int64) + one - (-(-fan_in // 2) + one) * positive
        largest = counter.largest(fan_in)
        if variable.role == "activation":
            result: Any = positive
        elif variable.role == "count":
            table = counter.table(fan_in)
            result = table[np.minimum(rest, largest), variable.index]
        elif variable.role == "extra":
            result = rest > largest
        elif variable.role == "loss":
            result = positive != (samples.targets[:, neuron] > 0)
        else:
            weight = network.layer_weights(weights, layer)[:, neuron, variable.index, None]
            both = (weight > 0) & (spin_input(layer, variable.index) > 0)
            same = weight == spin_input(layer, variable.index)
            result = same if variable.role == "agreement" else both
        return np.broadcast_to(result, shape)

    return value
