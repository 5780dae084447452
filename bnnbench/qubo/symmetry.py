"""The symmetry of hidden neurons: which may be permuted, and which member of an orbit is kept."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network
from bnnbench.qubo.encoding import is_fixed
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance

MAX_ORDERED = 30
"""Weights of a neuron that its place in the order depends on: their powers of two stay small."""


def order_neurons(model: Any, network: Network, formulation: Formulation, weights: list[Any]) -> None:
    """Sort the hidden neurons of each layer by their incoming weights, read as a binary number.

    Permuting hidden neurons changes nothing, so each orbit has a sorted member: sort the first layer, then the second,
    which leaves the first as it is, and so on. A neuron whose incoming weights `formulation` fixes keeps its place; the
    fixed weights above are all +1 and stay so. The order of the first `MAX_ORDERED` weights follows from that of all.
    """
    for layer in range(1, network.num_layers):
        fan_in = network.fan_in(layer)
        first = int(is_fixed(network, formulation, layer, 0, 0))
        numbers = []
        for neuron in range(first, network.widths[layer]):
            start = network.offset(layer) + neuron * fan_in
            row = weights[start : start + min(fan_in, MAX_ORDERED)]
            numbers.append(
                sum(
                    bit << place if isinstance(bit, int) else (1 << place) * bit
                    for place, bit in enumerate(reversed(row))
                )
            )
        for lower, upper in itertools.pairwise(numbers):
            model.add(lower <= upper)


def representative(instance: Instance, formulation: Formulation, weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """The setting that computes the same as `weights`, (k, num_weights), and is canonical and sorted."""
    network = instance.problem.network
    result = replace(instance, formulation=formulation).canonical(weights)
    for layer in range(1, network.num_layers):
        first = int(is_fixed(network, formulation, layer, 0, 0))
        for setting in result:
            rows, above = network.layer_weights(setting, layer), network.layer_weights(setting, layer + 1)
            order = first + np.lexsort(rows[first:, : min(rows.shape[1], MAX_ORDERED)].T[::-1])
            rows[first:] = rows[order]
            above[:, first : network.widths[layer]] = above[:, order]
    return result
