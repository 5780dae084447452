"""The instance: a problem compiled to a QUBO by tiling one template over the samples.

In spin form a sample is a gauge transformation of the template: the first-layer weight spin of input i is multiplied
by x_i, and what depends on the target of output o by y_o. Weights are shared by the samples, ancillas are private. So
compiling is array work, linear in the number of samples, and first-layer couplings add up to a Gram matrix of the data.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.hashing import content_hash
from bnnbench.problem.problem import Problem
from bnnbench.qubo.encoding import (
    Affine,
    Blueprint,
    Gate,
    Square,
    Variable,
    adds_input,
    counter_range,
    counter_table,
    is_fixed,
)
from bnnbench.qubo.formulation import Formulation, formulation
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.template import Template, template

ENCODING_VERSION = 1
"""Raised whenever the same problem and formulation would give other bits, so that old results are not mixed in."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A training problem as a QUBO, with the way back to weights.

    Bits are in canonical order: the free weights in the order of the weight vector, then for each sample its ancillas
    in the order of `bnnbench.qubo.encoding.Blueprint.variables`.
    """

    problem: Problem
    formulation: Formulation
    qubo: Qubo
    blueprint: Blueprint
    compile_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.problem.name} as {self.formulation}"

    @property
    def hash(self) -> str:
        """Content hash of problem, formulation and encoding version."""
        return instance_hash(self.problem, self.formulation)

    @property
    def is_sound(self) -> bool:
        """Whether the minimum energy is the minimum training loss for certain."""
        return self.formulation.is_sound(self.problem)

    @cached_property
    def free_weights(self) -> NDArray[np.int64]:
        """Places in the weight vector of the weights that have a variable."""
        network = self.problem.network
        return np.array(
            [
                network.offset(v.layer) + v.neuron * network.fan_in(v.layer) + v.index
                for v in self.blueprint.variables[: self.blueprint.num_weights]
            ],
            dtype=np.int64,
        )

    @cached_property
    def variable_names(self) -> list[str]:
        """Name of each bit, such as ``w_1_0_2`` (layer, neuron, input) or ``n3_a_1_0`` (sample 3, activation)."""
        plan = self.blueprint
        shared = [str(v) for v in plan.variables[: plan.num_weights]]
        private = [str(v) for v in plan.variables[plan.num_weights :]]
        return shared + [f"n{n}_{name}" for n in range(self.problem.num_samples) for name in private]

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Bit of the instance behind each template variable of each sample, shape (N, V)."""
        plan = self.blueprint
        samples = np.arange(self.problem.num_samples)[:, None]
        template_variables = np.arange(len(plan.variables))[None, :]
        is_weight = template_variables < plan.num_weights
        return np.where(is_weight, template_variables, template_variables + samples * plan.num_ancillas)

    @cached_property
    def complemented(self) -> NDArray[np.bool_]:
        """Whether the sample's inputs complement each template variable, shape (N, V)."""
        gauged = self.blueprint.gauged_inputs
        return (self.problem.inputs[:, gauged] < 0) & (gauged >= 0)

    def decode(self, bits: Any) -> NDArray[np.int8]:
        """Weights behind bits of shape (k, n): int8 ±1 of shape (k, num_weights); fixed weights are +1."""
        x = self.qubo.check_bits(bits)
        weights = np.ones((len(x), self.problem.network.num_weights), dtype=np.int8)
        weights[:, self.free_weights] = 2 * x[:, : self.blueprint.num_weights] - 1
        return weights

    def canonical(self, weights: Any) -> NDArray[np.int8]:
        """The setting with all fixed weights +1 that computes the same as `weights`; shape unchanged."""
        network = self.problem.network
        result = network.check_weights(weights).copy()
        for layer in range(network.num_layers, 1, -1):
            if not is_fixed(network, self.formulation, layer, 0, 0):
                continue
            upper = network.layer_weights(result, layer)
            lower = network.layer_weights(result, layer - 1)
            signs = upper[..., 0, : network.widths[layer - 1]].copy()
            upper[..., : network.widths[layer - 1]] *= signs[..., None, :]
            lower *= signs[..., :, None]
        return result

    def complete(self, weights: Any) -> NDArray[np.int8]:
        """Bits with the best ancillas for given weights, by a forward pass.

        Parameters
        ----------
        weights
            −1 or +1, shape (k, num_weights). Where the sign symmetry is fixed, the canonical setting is encoded.

        Returns
        -------
        ndarray of int8
            0 or 1, shape (k, n). They violate nothing, and their energy is the training loss (but for the counter
            ``none``, which punishes strong agreement).
        """
        w = self.canonical(weights)
        if w.ndim != 2:
            raise InputError(f"{self}: weights to complete must have shape (k, num_weights), but {w.shape} came.")
        plan = self.blueprint
        values = _ancilla_values(self, w)
        private = [values(variable) for variable in plan.variables[plan.num_weights :]]
        shared = (w[:, self.free_weights] > 0).astype(np.int8)
        if not private:
            return shared
        ancillas = np.stack(private, axis=-1).astype(np.int8)  # (k, N, ancillas)
        return np.concatenate([shared, ancillas.reshape(len(w), -1)], axis=1)

    def violations(self, bits: Any) -> dict[str, NDArray[np.int64]]:
        """Number of violated penalties by kind (``sign``, ``product``, ``loss``), each of shape (k,)."""
        x = self.qubo.check_bits(bits)
        counts = {kind: np.zeros(len(x), dtype=np.int64) for kind in ("sign", "product", "loss")}
        for penalty in self.blueprint.penalties:
            operands = {}
            for variable in penalty.variables:
                column = x[:, self.columns[:, variable]]
                operands[variable] = np.where(self.literals(penalty, variable), 1 - column, column).astype(np.int64)
            counts[penalty.kind] += np.count_nonzero(penalty.is_violated(operands), axis=1)  # type: ignore[arg-type]
        return counts

    def literals(self, penalty: Square | Gate, variable: int) -> NDArray[np.bool_]:
        """For each sample, whether a penalty sees the complement of a template variable; shape (N,)."""
        if isinstance(penalty, Gate) and penalty.target is not None and variable == penalty.variables[-1]:
            return self.problem.targets[:, penalty.target] < 0
        return self.complemented[:, variable]

    def affine_forms(self) -> Iterator[tuple[float, Affine]]:
        """For each sample and sign constraint, λ and the form over instance bits that is squared.

        The penalty is λ·form², or λ·form·(form − 1)/2 with other counters, see `bnnbench.qubo.encoding.Square`.
        """
        penalties = self.formulation.penalties(self.problem.network)
        for sample in range(self.problem.num_samples):
            for penalty in self.blueprint.penalties:
                if isinstance(penalty, Square):
                    yield penalties[penalty.layer - 1], self.on_sample(penalty.form, sample)

    def on_sample(self, form: Affine, sample: int) -> Affine:
        """An affine form of the template, over the bits of the instance."""
        columns, complemented = self.columns[sample], self.complemented[sample]
        constant = form.constant + sum(c for v, c in form.coefficients.items() if complemented[v])
        return Affine({int(columns[v]): -c if complemented[v] else c for v, c in form.coefficients.items()}, constant)


ROUNDING = 1e-14
"""What cancels leaves this part of the largest coefficient at most; samplers would take it for the smallest gap."""


def instance_hash(problem: Problem, setting: Formulation) -> str:
    """Hash of the instance that `compile` would give, without compiling."""
    header = {"problem": problem.hash, "formulation": setting.spec.canonical, "encoding": ENCODING_VERSION}
    return content_hash("instance", header)


def compile(problem: Problem, setting: str | Formulation = "compact", /, **parameters: Any) -> Instance:  # noqa: A001
    """Compile a problem to a QUBO: ``compile(problem, "reduced", penalty=1)``.

    Raises
    ------
    UnknownNameError
        If there is no such formulation or parameter.
    InputError
        If a parameter is wrong, or the formulation does not apply to the problem.
    """
    if not isinstance(problem, Problem):
        raise InputError(f"compile: {problem!r} is no bnnbench.Problem; load one with bnnbench.load_problem.")
    chosen = formulation(setting, **parameters)
    reason = chosen.refuses(problem)
    if reason:
        raise InputError(reason)
    start = time.perf_counter()
    one = template(problem.network, chosen, problem.loss_weights)
    qubo = _tile(one, problem)
    return Instance(problem, chosen, qubo, one.blueprint, compile_s=time.perf_counter() - start)


def _tile(one: Template, problem: Problem) -> Qubo:
    """Sum of the template's gauge transforms over all samples, as bits."""
    plan = one.blueprint
    num_samples, num_weights, num_ancillas = problem.num_samples, plan.num_weights, plan.num_ancillas
    # One more input, constantly +1, stands for all template variables that no input complements.
    signs = np.hstack([problem.inputs, np.ones((num_samples, 1))])
    gauge = plan.gauged_inputs
    by_target = np.hstack([np.ones((num_samples, 1)), problem.targets])

    h_shared = _gauged_sum(one.linear[:, :num_weights], signs, by_target, gauge[:num_weights])
    h_private = by_target @ one.linear[:, num_weights:]

    inside = one.cols < num_weights  # rows < cols, so both ends are weights
    across = (one.rows < num_weights) & ~inside
    within = one.rows >= num_weights
    ends_rows, ends_cols = one.rows.astype(np.int32), one.cols.astype(np.int32)
    shift = num_ancillas * np.arange(num_samples, dtype=np.int32)[:, None]

    # Canonical order without a general sort: what starts at a weight needs one stable sort by its row (a radix sort on
    # 16 bits), because within a row it comes by sample and then by column; what starts at an ancilla is in order.
    first = np.concatenate([ends_rows[inside], np.tile(ends_rows[across], num_samples)])
    order = np.argsort(first.astype(np.uint16) if num_weights < 2**16 else first, kind="stable")
    head = np.concatenate(
        [
            _gauged_sum(one.couplings[:, inside], signs, by_target, gauge[one.rows[inside]], gauge[one.cols[inside]]),
            ((by_target @ one.couplings[:, across]) * signs[:, gauge[one.rows[across]]]).ravel(),
        ]
    )
    head_cols = np.concatenate([ends_cols[inside], (ends_cols[across] + shift).ravel()])
    rows = np.concatenate([first[order], (ends_rows[within] + shift).ravel()])
    cols = np.concatenate([head_cols[order], (ends_cols[within] + shift).ravel()])
    couplings = np.concatenate([head[order], (by_target @ one.couplings[:, within]).ravel()])
    del first, order, head, head_cols
    keep = np.abs(couplings) > ROUNDING * np.abs(couplings).max(initial=0)
    rows, cols, couplings = rows[keep], cols[keep], couplings[keep]
    linear = np.concatenate([h_shared, h_private.ravel()])
    offset = float(np.sum(by_target @ one.offset))

    # σ = 2x − 1: J σ_i σ_j = 4J x_i x_j − 2J x_i − 2J x_j + J, h σ = 2h x − h.
    n = len(linear)
    degree = np.bincount(rows, couplings, n) + np.bincount(cols, couplings, n)
    offset += float(couplings.sum() - linear.sum())
    couplings *= 4
    linear = 2 * linear - 2 * degree
    linear[np.abs(linear) <= ROUNDING * np.abs(linear).max(initial=0)] = 0
    return Qubo(linear, rows, cols, couplings, offset)


def _gauged_sum(
    coefficients: NDArray[np.float64],
    signs: NDArray[np.float64],
    by_target: NDArray[np.float64],
    *gauges: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Σ over samples of coefficients times the signs of their one or two ends: a weighted Gram matrix of the data."""
    total = np.zeros(coefficients.shape[1])
    for part, weight in zip(coefficients, by_target.T, strict=True):
        if not part.any():
            continue
        if len(gauges) == 1:
            total += part * (weight @ signs)[gauges[0]]
        else:
            gram = signs.T @ (weight[:, None] * signs)
            total += part * gram[gauges]
    return total


def _ancilla_values(instance: Instance, weights: NDArray[np.int8]) -> Any:
    """Function from an ancilla to its best values for given weights, shape (k, N)."""
    problem = instance.problem
    network = problem.network
    pre_activations = network.layers(weights, problem.inputs)
    shape = (len(weights), problem.num_samples)
    counter = instance.formulation.counter

    def spin_input(layer: int, index: int) -> Any:
        """Input of a neuron: data, bias or the activation below; broadcasts to (k, N)."""
        if index == network.widths[layer - 1]:
            return np.int8(1)
        return problem.inputs[:, index] if layer == 1 else np.where(pre_activations[layer - 2][..., index] >= 0, 1, -1)

    def value(variable: Variable) -> NDArray[Any]:
        layer, neuron = variable.layer, variable.neuron
        z = pre_activations[layer - 1][..., neuron]
        fan_in = network.fan_in(layer)
        positive = z >= 0
        one = int(adds_input(fan_in, counter))
        rest = ((z + fan_in) // 2).astype(np.int64) + one - (-(-fan_in // 2) + one) * positive
        largest = counter_range(fan_in, counter)
        if variable.role == "activation":
            result: Any = positive
        elif variable.role == "count":
            table = counter_table(fan_in, counter)
            result = table[np.minimum(rest, largest), variable.index]
        elif variable.role == "extra":
            result = rest > largest
        elif variable.role == "loss":
            result = positive != (problem.targets[:, neuron] > 0)
        else:
            weight = network.layer_weights(weights, layer)[:, neuron, variable.index, None]
            both = (weight > 0) & (spin_input(layer, variable.index) > 0)
            same = weight == spin_input(layer, variable.index)
            result = same if variable.role == "product" and instance.formulation.published else both
        return np.broadcast_to(result, shape)

    return value


def whole_expression(problem: Problem, setting: Formulation) -> Any:
    """The energy of all samples as one PyQUBO expression: the slow way, and the oracle of the tests."""
    import pyqubo

    plan = template(problem.network, setting, problem.loss_weights).blueprint
    shared = [pyqubo.Binary(str(v)) for v in plan.variables[: plan.num_weights]]
    energy: Any = 0
    for n in range(problem.num_samples):
        energy = energy + plan.expression(
            weights=shared,
            ancillas=[pyqubo.Binary(f"n{n}_{v}") for v in plan.variables[plan.num_weights :]],
            inputs=problem.inputs[n].tolist(),
            targets=problem.targets[n].tolist(),
            penalties=setting.penalties(problem.network),
            errors=problem.loss_weights.errors,
            margin=problem.loss_weights.margin,
        )
    return energy
