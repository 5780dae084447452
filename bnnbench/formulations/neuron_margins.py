"""Penalties as in `compact`, and a price on small margins of all neurons; connections can be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.constraint import only_if, product
from bnnbench.qubo.counter import Binary
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.symbolic import SymbolicSample
from bnnbench.search_range import Range

Price = Annotated[float, Field(gt=0, lt=1e6)]
Masks = tuple[Annotated[str, Field(pattern="^[01]+$")], ...] | None


@dataclass(frozen=True, kw_only=True)
class NeuronMargins(Formulation):
    """``E = loss + λ·(penalties of the signs and products) + η·Σ (m − a z)/2``, the last sum over all neurons.

    Of m inputs, (m − a z)/2 disagree with the activation a: the price η draws every neuron, hidden ones too, to a large
    margin a·z, which is a form of degree 2 as it stands. Connections that a mask or the dropout leaves out have no
    part in the energy, and m and the threshold count the others. The network that is judged has all of them: the
    weights of those that are left out are whatever the solver answers.

    References
    ----------
    J. C. Villumsen and Y. Sugita, "Quadratic Unconstrained Binary Optimisation for Training and Regularisation of
    Binary Neural Networks", arXiv 2601.00449, 2026, which maximizes the margins of neurons, and trains subnetworks;
    only its abstract was at hand: implemented is what stands above.
    """

    margin_price: Annotated[float, Field(ge=0, lt=1e6), Range(0.01, 1.0, log=True)] = 0.1
    """η, in units of loss per input that disagrees."""
    penalty: Annotated[Price, Range(0.1, 10.0, log=True)] = 1.0
    """λ."""
    masks: Masks = None
    """Which connections there are: per layer a text of 0 and 1 in the order of its weights; None: all."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each neuron's connections that are left out, rounded down, biases never."""
    dropout_seed: Annotated[int, Field(ge=0)] = 0
    """Decides which."""

    @override
    def soundness(self, problem: Problem) -> Soundness:
        return Soundness.UNSOUND if self.masks or self.dropout else Soundness.ONE_SIDED

    @override
    def refuses(self, problem: Problem) -> str | None:
        network = problem.network
        if self.masks is None:
            return None
        wanted = [network.widths[layer] * network.fan_in(layer) for layer in range(1, network.num_layers + 1)]
        if [len(mask) for mask in self.masks] != wanted:
            return (
                f"formulation neuron_margins: the network {network} has {wanted} connections by layer, but masks of "
                f"{[len(mask) for mask in self.masks]} came; give one text per layer, with a 0 or 1 per connection."
            )
        if any(not inputs for layer in self._connections(network) for inputs in layer):
            return "formulation neuron_margins: a mask leaves a neuron without inputs; keep one of each neuron."
        return None

    @override
    def sample_energy(self, sample: SymbolicSample) -> Any:
        network, energy = sample.network, 0
        connections = self._connections(network)
        below: list[Any] = []
        for layer in range(1, network.num_layers + 1):
            counts, active = [], []
            for j, inputs in enumerate(connections[layer - 1]):
                count, price = _count(sample, layer, j, inputs, below)
                alpha, sign = _sign(sample, layer, j, len(inputs), count)
                margin = (2 * alpha - 1) * (2 * count - len(inputs))
                energy += self.penalty * (price + sign) + self.margin_price * (len(inputs) - margin) / 2
                counts.append(2 * count - len(inputs))
                active.append(alpha)
            below = active
        for target, alpha, z, inputs in zip(sample.targets, below, counts, connections[-1], strict=True):
            wrong = 1 - alpha if target > 0 else alpha
            energy += sample.error_price * wrong + sample.margin_price * (len(inputs) - target * z) / 2
        return energy

    def _connections(self, network: Network) -> list[list[list[int]]]:
        """Return the inputs that each neuron of each layer keeps, in ascending order."""
        random, layers = np.random.default_rng(self.dropout_seed), []
        for layer in range(1, network.num_layers + 1):
            width, fan_in, num_inputs = network.widths[layer], network.fan_in(layer), network.widths[layer - 1]
            mask = np.ones((width, fan_in), dtype=bool)
            if self.masks is not None:
                mask = np.array(list(self.masks[layer - 1])).reshape(width, fan_in) == "1"
            for neuron in mask:
                drawn = random.permutation(np.flatnonzero(neuron[:num_inputs]))
                neuron[drawn[: int(self.dropout * len(drawn))]] = False
            layers.append([np.flatnonzero(neuron).tolist() for neuron in mask])
        return layers


def _count(sample: SymbolicSample, layer: int, j: int, inputs: list[int], below: list[Any]) -> tuple[Any, Any]:
    """Return the number of a neuron's weights that agree with their inputs, and the penalty of its product bits."""
    if layer == 1:
        return sum((1 + sample.products[j][i]) / 2 for i in inputs), 0
    count, price = 0, 0
    for i in inputs:
        w = (1 + sample.weights(layer)[j][i]) / 2
        if i == len(below):  # a bias
            count += w
            continue
        p = sample.ancilla(f"p_{layer}_{j}_{i}")
        count += 1 - w - below[i] + 2 * p
        price += product(w, below[i], p)
    return count, price


def _sign(sample: SymbolicSample, layer: int, j: int, fan_in: int, count: Any) -> tuple[Any, Any]:
    """Return the activation bit of a neuron, and the penalty that ties it to the count."""
    alpha, price = sample.ancilla(f"a_{layer}_{j}"), 0
    bits = enumerate(Binary().weights(fan_in))
    rest = sum(weight * sample.ancilla(f"r_{layer}_{j}_{place}") for place, weight in bits)
    if fan_in % 2 == 0:
        extra = sample.ancilla(f"e_{layer}_{j}")
        rest, price = rest + extra, only_if(extra, alpha)
    return alpha, price + (count - -(-fan_in // 2) * alpha - rest) ** 2
