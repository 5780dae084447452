r"""The objective of one sample, as a list of variables, penalties and loss terms, and as a PyQUBO expression.

A weight w and an activation a are bits (spin = 2·bit − 1). The agreement of a weight with its input is b = [w = a]:

- first layer: b = w where the input is +1 and 1 − w where it is −1;
- later layers: b = 1 − w − a + 2p with a product bit p = w·a, enforced by λ·(wa − 2wp − 2ap + 3p);
- a weight that is fixed to +1: b = a;
- a bias: b = w.

The agreement count of a neuron is s = Σ b, its threshold T = ⌈m/2⌉, its activation α = [s ≥ T], enforced by
λ·(s − T·α − r)². For odd m, r ∈ [0, (m−1)/2] whatever α is; for even m, r ∈ [0, m/2 − 1] + e, where the bit e is
allowed only when α = 1: λ·e·(1 − α).

A `paired` counter writes every second r only, and the penalty is λ·k·(k − 1)/2 with k = s − T·α − r, which is 0 for
k = 0 and k = 1. An even fan-in gets one more input that always agrees, which changes no sign and needs no bit e. So
fan-in 2 and 3 need no counter, fan-in 7 one bit, and couplings are half as large.

The counter `none` has no bits: r is the middle of its range, and the penalty grows with the distance from it on both
sides. This is exact up to fan-in 3, where it is `paired`, and beyond it punishes strong agreement a little.

Inputs and targets enter only as *gauges*: a bit whose gauge is −1 is complemented. So one encoding, compiled for
inputs +1, serves every sample; `bnnbench.qubo.tiling` tiles it.

References
----------
M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network
from bnnbench.qubo.constraint import Affine, Gate, Square, only_if, product
from bnnbench.qubo.counter import Counter
from bnnbench.qubo.symmetry import is_fixed

Role = Literal["weight", "product", "agreement", "ancilla", "count", "extra", "activation", "loss"]


@dataclass(frozen=True)
class Variable:
    """A bit of the template: a weight (shared by all samples) or an ancilla (one per sample)."""

    role: Role
    layer: int
    neuron: int
    index: int = 0
    """Input of a weight, product or agreement; place in a counter."""

    def __str__(self) -> str:
        return f"{_LETTERS[self.role]}_{self.layer}_{self.neuron}" + (
            f"_{self.index}" if self.role in ("weight", "product", "agreement", "ancilla", "count") else ""
        )


_LETTERS: dict[Role, str] = {
    "weight": "w",
    "product": "p",
    "agreement": "p",
    "ancilla": "q",
    "count": "r",
    "extra": "e",
    "activation": "a",
    "loss": "l",
}


@dataclass(frozen=True)
class Encoding:
    """One sample as bits: what they are, what must hold between them, what it costs.

    `variables` lists the free weights first, in the order of the weight vector, then the ancillas: by layer, by
    neuron, and within a neuron its products by input (each followed by its ancilla, if any), its counter bits, its
    extra bit, its activation; loss bits last. This is the canonical order.
    """

    network: Network
    counter: Counter
    fixes_signs: bool
    variables: tuple[Variable, ...]
    num_weights: int
    penalties: tuple[Square | Gate, ...]
    output_counts: tuple[Affine, ...]
    output_activations: tuple[int, ...]
    loss_bits: tuple[int, ...]

    @property
    def num_ancillas(self) -> int:
        """Ancillas per sample."""
        return len(self.variables) - self.num_weights

    @cached_property
    def gauged_inputs(self) -> NDArray[np.int64]:
        """Return for each template variable the input that complements it when −1, or −1 if none does."""
        width = self.network.num_inputs
        return np.array(
            [v.index if v.role == "weight" and v.layer == 1 and v.index < width else -1 for v in self.variables],
            dtype=np.int64,
        )

    def expression(
        self,
        weights: Sequence[Any],
        ancillas: Sequence[Any],
        inputs: Sequence[Any],
        targets: Sequence[Any],
        penalties: Sequence[Any],
        shares: Sequence[Any],
        errors: Any,
        margin: Any,
    ) -> Any:
        """Return the energy of one sample: PyQUBO expressions in, an expression out (or numbers in, a number out).

        Parameters
        ----------
        weights, ancillas
            Bits of this sample, in canonical order.
        inputs, targets
            Data in {−1, +1}.
        penalties
            λ_1, …, λ_L.
        shares
            Weight of each output in the loss, and in the penalties that know its target.
        errors, margin
            The prices of the loss, see `bnnbench.problem.problem.LossWeights`.
        """
        bits = [
            bit if index < 0 or inputs[index] == 1 else 1 - bit
            for bit, index in zip(weights, self.gauged_inputs[: self.num_weights], strict=True)
        ]
        bits += ancillas
        energy: Any = 0
        for penalty in self.penalties:
            operands: Any = bits
            price = penalties[penalty.layer - 1]
            if isinstance(penalty, Gate) and penalty.target is not None:
                price = price * shares[penalty.target]
                last = penalty.variables[-1]
                operands = {v: bits[v] for v in penalty.variables[:-1]} | {
                    last: _times(targets[penalty.target], bits[last])
                }
            energy = energy + price * penalty(operands)
        fan_in = self.network.fan_in(self.network.num_layers)
        for output, (target, share) in enumerate(zip(targets, shares, strict=True)):
            if self.loss_bits:
                energy = energy + share * errors * bits[self.loss_bits[output]]
            elif self.output_activations:
                energy = energy + share * errors * (1 - _times(target, bits[self.output_activations[output]]))
            spin_sum = 2 * self.output_counts[output](bits) - fan_in
            energy = energy + share * margin * (fan_in - target * spin_sum) / 2
        return energy


def _times(sign: Any, bit: Any) -> Any:
    """Return the bit where the sign is +1, its complement where it is −1."""
    return (1 + sign * (2 * bit - 1)) / 2


@dataclass
class Builder:
    """Lay out one sample; a subclass can write agreements and the loss in another way.

    Parameters
    ----------
    fixes_signs
        Whether the sign symmetry of hidden neurons is removed by fixing weights to +1.
    needs_sign
        Whether the loss counts errors. If not, as with ``margin``, the outputs need no sign and no ancillas for it.
    """

    edge_size: ClassVar[float] = 3.0
    """Σ |coefficient| in spins of the penalty on one edge, for λ = 1: that of `bnnbench.qubo.constraint.product`."""

    network: Network
    counter: Counter
    fixes_signs: bool
    needs_sign: bool

    variables: list[Variable] = field(default_factory=list, init=False)
    penalties: list[Square | Gate] = field(default_factory=list, init=False)
    weights: dict[tuple[int, int, int], int] = field(default_factory=dict, init=False)

    def build(self) -> Encoding:
        """Return the encoding."""
        self._add_weights()
        num_weights = len(self.variables)
        activations: list[int] = []
        counts: list[Affine] = []
        for layer in range(1, self.network.num_layers + 1):
            counts, activations = self._add_layer(layer, activations)
        losses = self.loss_bits(activations)
        return Encoding(
            network=self.network,
            counter=self.counter,
            fixes_signs=self.fixes_signs,
            variables=tuple(self.variables),
            num_weights=num_weights,
            penalties=tuple(self.penalties),
            output_counts=tuple(counts),
            output_activations=tuple(activations),
            loss_bits=tuple(losses),
        )

    def add(self, role: Role, layer: int, neuron: int, index: int = 0) -> int:
        """Add a variable, and return its number."""
        self.variables.append(Variable(role, layer, neuron, index))
        return len(self.variables) - 1

    def agreement(self, layer: int, neuron: int, index: int, below: int | None) -> Affine:
        """Return b = [w = a] as an affine form, after adding the product bits and penalties that it needs.

        Parameters
        ----------
        below
            The activation bit of the input; None if it is data or the constant of a bias.
        """
        w = self.weights.get((layer, neuron, index))
        if below is None and w is not None:
            return Affine({w: 1})
        assert below is not None  # noqa: S101  weights of the first layer and biases are never fixed
        if w is None:
            return Affine({below: 1})
        p = self.add("product", layer, neuron, index)
        self.penalties.append(Gate("product", layer, product, (w, below, p)))
        return Affine({w: -1, below: -1, p: 2}, 1)

    def loss_bits(self, activations: list[int]) -> list[int]:
        """Return the bits that stand for errors, after adding them; none where the activations tell."""
        del activations
        return []

    def _add_weights(self) -> None:
        for layer in range(1, self.network.num_layers + 1):
            for neuron in range(self.network.widths[layer]):
                for index in range(self.network.fan_in(layer)):
                    if not (self.fixes_signs and is_fixed(self.network, layer, neuron, index)):
                        self.weights[layer, neuron, index] = self.add("weight", layer, neuron, index)

    def _add_layer(self, layer: int, below: list[int]) -> tuple[list[Affine], list[int]]:
        """Return the agreement counts and the activations of a layer; the latter only where signs are needed."""
        signed = self.needs_sign or layer < self.network.num_layers
        counts, activations = [], []
        for neuron in range(self.network.widths[layer]):
            count: dict[int, int] = {}
            constant = 0
            for index in range(self.network.fan_in(layer)):
                is_data = layer == 1 or index == self.network.widths[layer - 1]
                part = self.agreement(layer, neuron, index, None if is_data else below[index])
                for variable, coefficient in part.coefficients.items():  # in place: a fan-in of thousands stays linear
                    count[variable] = count.get(variable, 0) + coefficient
                constant += part.constant
            counts.append(Affine(count, constant))
            if signed:
                activations.append(self._add_sign(layer, neuron, counts[-1]))
        return counts, activations

    def _add_sign(self, layer: int, neuron: int, count: Affine) -> int:
        """Return the bit α = [s ≥ T], after adding a penalty on s − T·α − r."""
        fan_in = self.network.fan_in(layer)
        bits = [
            (self.add("count", layer, neuron, place), weight)
            for place, weight in enumerate(self.counter.weights(fan_in))
        ]
        one = self.counter.added_inputs(fan_in)
        extra = self.add("extra", layer, neuron) if fan_in % 2 == 0 and not one else None
        alpha = self.add("activation", layer, neuron)
        if extra is not None:
            bits.append((extra, 1))
            self.penalties.append(Gate("sign", layer, only_if, (extra, alpha)))
        lowest, highest = self.counter.form_range(fan_in)
        rest = Affine({**dict(bits), alpha: -(-fan_in // 2) + one}, -one - lowest)
        self.penalties.append(Square("sign", layer, count.plus(rest, -1), lowest, highest))
        return alpha
