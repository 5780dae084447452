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

The published encoding differs: product bits in the first layer too, XNOR products with a cubic penalty in later layers
(one ancilla q = w·p' each, see `_xnor`), and a loss bit per output tied to the activation.

Inputs and targets enter only as *gauges*: a bit whose gauge is −1 is complemented. So one blueprint, compiled for
inputs +1, serves every sample; `bnnbench.qubo.instance` tiles it.

References
----------
M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network
from bnnbench.qubo.formulation import Formulation

Kind = Literal["sign", "product", "loss"]
Role = Literal["weight", "product", "ancilla", "count", "extra", "activation", "loss"]


@dataclass(frozen=True)
class Variable:
    """A bit of the template: a weight (shared by all samples) or an ancilla (one per sample)."""

    role: Role
    layer: int
    neuron: int
    index: int = 0
    """Input of a weight or product, place in a counter."""

    def __str__(self) -> str:
        return f"{_LETTERS[self.role]}_{self.layer}_{self.neuron}" + (
            f"_{self.index}" if self.role in ("weight", "product", "ancilla", "count") else ""
        )


_LETTERS: dict[Role, str] = {
    "weight": "w",
    "product": "p",
    "ancilla": "q",
    "count": "r",
    "extra": "e",
    "activation": "a",
    "loss": "l",
}


@dataclass(frozen=True)
class Affine:
    """``constant + Σ coefficient·bit``, over template variables."""

    coefficients: Mapping[int, int]
    constant: int = 0

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Value on bits, or on expressions, that are indexed by template variable."""
        return sum((c * bits[v] for v, c in self.coefficients.items()), self.constant)

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """``self + factor·other``."""
        merged = dict(self.coefficients)
        for variable, coefficient in other.coefficients.items():
            merged[variable] = merged.get(variable, 0) + factor * coefficient
        return Affine(merged, self.constant + factor * other.constant)


@dataclass(frozen=True)
class Square:
    """The penalty ``form²``, or ``form·(form − 1)/2`` if `lowest` + `highest` = 1: least amid the range of the form.

    It is 0 within a range of one or two values, and at least 1 outside; it punishes the ends of a wider range.
    """

    kind: Kind
    layer: int
    form: Affine
    lowest: int = 0
    """A lower form is a violation."""
    highest: int = 0
    """A higher form is a violation."""

    @property
    def paired(self) -> bool:
        """Whether the penalty is ``form·(form − 1)/2``."""
        return self.lowest + self.highest == 1

    @property
    def variables(self) -> tuple[int, ...]:
        """Template variables in the form."""
        return tuple(self.form.coefficients)

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Value on bits, or on expressions, that are indexed by template variable."""
        form = self.form(bits)
        return (form * form - form) / 2 if self.paired else form**2

    def is_violated(self, bits: Sequence[Any]) -> Any:
        """Whether the form is out of its range."""
        form = self.form(bits)
        return (form < self.lowest) | (form > self.highest)


@dataclass(frozen=True)
class Gate:
    """A penalty on few bits, given by a polynomial that is 0 where the gate holds and at least 1 elsewhere."""

    kind: Kind
    layer: int
    polynomial: Callable[..., Any]
    variables: tuple[int, ...]
    target: int | None = None
    """The output whose target complements the last variable; None if no target enters."""

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Value on bits, or on expressions, that are indexed by template variable."""
        return self.polynomial(*(bits[v] for v in self.variables))

    def is_violated(self, bits: Sequence[Any]) -> Any:
        """Whether the gate does not hold."""
        return self(bits) != 0


def _product(w: Any, a: Any, p: Any) -> Any:
    """0 iff p = w·a."""
    return w * a - 2 * w * p - 2 * a * p + 3 * p


def _only_if(e: Any, alpha: Any) -> Any:
    """0 iff e implies α."""
    return e - e * alpha


def _equal(w: Any, p: Any) -> Any:
    """0 iff p = w."""
    return w + p - 2 * w * p


def _different(e: Any, alpha: Any) -> Any:
    """0 iff e = 1 − α."""
    return 1 - e - alpha + 2 * e * alpha


def _xnor(w: Any, a: Any, p: Any, q: Any) -> Any:
    """0 iff p = [w = a] and q = w·a.

    The cubic 1 − w − a − p + 2(wa + wp + ap) − 4wap, 0 iff p = [w = a] and 1 otherwise, with wap written as pq and
    q = w·a enforced 4 times over: 4 is the least factor for which the minimum over q is the cubic.
    """
    return 1 - w - a - p + 2 * (w * a + w * p + a * p) - 4 * p * q + 4 * _product(w, a, q)


@dataclass
class _Builder:
    network: Network
    formulation: Formulation
    needs_sign: bool
    """Whether the loss needs the signs of the outputs; a margin alone does not."""

    variables: list[Variable] = field(default_factory=list)
    penalties: list[Square | Gate] = field(default_factory=list)
    counts: list[Affine] = field(default_factory=list)
    activations: list[int] = field(default_factory=list)
    losses: list[int] = field(default_factory=list)
    weights: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def add(self, role: Role, layer: int, neuron: int, index: int = 0) -> int:
        self.variables.append(Variable(role, layer, neuron, index))
        return len(self.variables) - 1

    def add_weights(self) -> None:
        for layer in range(1, self.network.num_layers + 1):
            for neuron in range(self.network.widths[layer]):
                for index in range(self.network.fan_in(layer)):
                    if not is_fixed(self.network, self.formulation, layer, neuron, index):
                        self.weights[layer, neuron, index] = self.add("weight", layer, neuron, index)

    def add_layer(self, layer: int) -> None:
        below, self.activations, self.counts = self.activations, [], []
        signed = self.needs_sign or layer < self.network.num_layers
        for neuron in range(self.network.widths[layer]):
            count = Affine({})
            for index in range(self.network.fan_in(layer)):
                count = count.plus(self.agreement(layer, neuron, index, below))
            self.counts.append(count)
            if signed:
                self.add_sign(layer, neuron, count)

    def agreement(self, layer: int, neuron: int, index: int, below: list[int]) -> Affine:
        """b = [w = a] as an affine form, with the product bits and penalties that it needs."""
        w = self.weights.get((layer, neuron, index))
        is_data = layer == 1 or index == self.network.widths[layer - 1]
        if is_data and w is not None:
            if not self.formulation.published:
                return Affine({w: 1})
            p = self.add("product", layer, neuron, index)
            self.penalties.append(Gate("product", layer, _equal, (w, p)))
            return Affine({p: 1})
        a = below[index]
        if w is None:
            return Affine({a: 1})
        p = self.add("product", layer, neuron, index)
        if self.formulation.published:
            q = self.add("ancilla", layer, neuron, index)
            self.penalties.append(Gate("product", layer, _xnor, (w, a, p, q)))
            return Affine({p: 1})
        self.penalties.append(Gate("product", layer, _product, (w, a, p)))
        return Affine({w: -1, a: -1, p: 2}, 1)

    def add_sign(self, layer: int, neuron: int, count: Affine) -> None:
        """α = [s ≥ T] by a square of s − T·α − r."""
        fan_in, counter = self.network.fan_in(layer), self.formulation.counter
        bits = [
            (self.add("count", layer, neuron, place), weight)
            for place, weight in enumerate(counter_weights(fan_in, counter))
        ]
        one = int(adds_input(fan_in, counter))
        extra = self.add("extra", layer, neuron) if fan_in % 2 == 0 and not one else None
        alpha = self.add("activation", layer, neuron)
        if extra is not None:
            bits.append((extra, 1))
            self.penalties.append(Gate("sign", layer, _only_if, (extra, alpha)))
        lowest, highest = form_range(fan_in, counter)
        rest = Affine({**dict(bits), alpha: -(-fan_in // 2) + one}, -one - lowest)
        form = count.plus(rest, -1)
        self.penalties.append(Square("sign", layer, form, lowest, highest))
        self.activations.append(alpha)

    def add_loss_bits(self) -> None:
        if not self.formulation.published:
            return
        for output, alpha in enumerate(self.activations):
            bit = self.add("loss", self.network.num_layers, output)
            self.penalties.append(Gate("loss", self.network.num_layers, _different, (bit, alpha), target=output))
            self.losses.append(bit)


@dataclass(frozen=True)
class Blueprint:
    """One sample of a formulation: what its bits are, what must hold between them, what it costs.

    `variables` lists the free weights first, in the order of the weight vector, then the ancillas: by layer, by
    neuron, and within a neuron its products by input (each followed by its ancilla, if any), its counter bits, its
    extra bit, its activation; loss bits last. This is the canonical order.
    """

    network: Network
    formulation: Formulation
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

    @property
    def gauged_inputs(self) -> NDArray[np.int64]:
        """For each template variable the input that complements it when −1, or −1 if none does."""
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
        errors: Any,
        margin: Any,
    ) -> Any:
        """Energy of one sample: PyQUBO expressions in, PyQUBO expression out (or numbers in, number out).

        Parameters
        ----------
        weights, ancillas
            Bits of this sample, in canonical order.
        inputs, targets
            Data in {−1, +1}.
        penalties
            λ_1, …, λ_L.
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
            if isinstance(penalty, Gate) and penalty.target is not None:
                last = penalty.variables[-1]
                operands = {v: bits[v] for v in penalty.variables[:-1]} | {
                    last: _times(targets[penalty.target], bits[last])
                }
            energy = energy + penalties[penalty.layer - 1] * penalty(operands)
        fan_in = self.network.fan_in(self.network.num_layers)
        for output, target in enumerate(targets):
            if self.loss_bits:
                energy = energy + errors * bits[self.loss_bits[output]]
            elif self.output_activations:
                energy = energy + errors * (1 - _times(target, bits[self.output_activations[output]]))
            spin_sum = 2 * self.output_counts[output](bits) - fan_in
            energy = energy + margin * (fan_in - target * spin_sum) / 2
        return energy


def _times(sign: Any, bit: Any) -> Any:
    """The bit where the sign is +1, its complement where it is −1."""
    return (1 + sign * (2 * bit - 1)) / 2


def blueprint(network: Network, formulation: Formulation, *, needs_sign: bool) -> Blueprint:
    """Lay out one sample.

    Parameters
    ----------
    needs_sign
        Whether the loss counts errors. If not, as with ``margin``, the outputs need no sign and no ancillas for it.
    """
    builder = _Builder(network, formulation, needs_sign)
    builder.add_weights()
    num_weights = len(builder.variables)
    for layer in range(1, network.num_layers + 1):
        builder.add_layer(layer)
    builder.add_loss_bits()
    return Blueprint(
        network=network,
        formulation=formulation,
        variables=tuple(builder.variables),
        num_weights=num_weights,
        penalties=tuple(builder.penalties),
        output_counts=tuple(builder.counts),
        output_activations=tuple(builder.activations),
        loss_bits=tuple(builder.losses),
    )


def is_fixed(network: Network, formulation: Formulation, layer: int, neuron: int, index: int) -> bool:
    """Whether a weight is fixed to +1 by the sign symmetry.

    Negating all incoming and all outgoing weights of a hidden neuron of odd fan-in changes nothing. So the incoming
    weights of the *first* neuron of the layer above can be fixed, which keeps one setting of each orbit.
    """
    return (
        formulation.fix_signs
        and layer > 1
        and neuron == 0
        and index < network.widths[layer - 1]
        and network.fan_in(layer - 1) % 2 == 1
    )


def adds_input(fan_in: int, counter: str) -> bool:
    """Whether an input that always agrees makes an even fan-in odd."""
    return fan_in % 2 == 0 and counter in ("paired", "none")


def counter_range(fan_in: int, counter: str) -> int:
    """The largest rest M: (m − 1)/2 for odd m, m/2 − 1 for even m, or m/2 where one more input makes it odd."""
    return fan_in // 2 if adds_input(fan_in, counter) else (fan_in - 1) // 2


def form_range(fan_in: int, counter: str) -> tuple[int, int]:
    """Least and largest value of a form s − T·α − r that violates nothing, see `Square`: around 0, or 0 and 1."""
    largest = counter_range(fan_in, counter)
    if counter == "none":
        return -(largest // 2), largest - largest // 2
    return 0, int(counter == "paired" and largest > 0)


def counter_weights(fan_in: int, counter: str) -> list[int]:
    """Weights of the bits that write r ∈ [0, M], see `counter_range`; paired: an r or its successor; none: no bits.

    Binary weights are 1, 2, 4, … with a last one that makes the sum M; unary ones are 1; paired ones 2, 4, 8, … with
    a last one that makes the sum M − 1, so that of any two neighbours in [0, M] one can be written, at most M − 1.
    """
    largest = counter_range(fan_in, counter)
    if counter == "none":
        return []
    if counter == "unary":
        return [1] * largest
    first, total = (2, largest - 1) if counter == "paired" else (1, largest)
    weights: list[int] = []
    while sum(weights) < total:
        weights.append(min(first << len(weights), total - sum(weights)))
    return weights


def counter_table(fan_in: int, counter: str) -> NDArray[np.int8]:
    """Bits of every r = 0, …, M (or of r − 1, if paired): int8 of shape (M + 1, bits). The largest weights first."""
    weights = counter_weights(fan_in, counter)
    rest = np.arange(counter_range(fan_in, counter) + 1)
    table = np.zeros((len(rest), len(weights)), dtype=np.int8)
    for place in np.argsort(weights, kind="stable")[::-1]:
        table[:, place] = rest >= weights[place]
        rest = rest - weights[place] * table[:, place]
    return table
