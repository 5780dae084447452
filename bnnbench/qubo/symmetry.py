"""The symmetries of hidden neurons: which weights can be fixed, which neurons sorted, and who stands for an orbit.

Negating all incoming and all outgoing weights of a hidden neuron of odd fan-in changes nothing. So the incoming weights
of the *first* neuron of the layer above can be fixed to +1, which keeps one setting of each orbit. Permuting the hidden
neurons of a layer changes nothing either, so each orbit has a sorted member.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network

MAX_ORDERED = 30
"""Weights of a neuron that its place in the order depends on: their powers of two stay small."""


def is_fixed(network: Network, layer: int, neuron: int, index: int) -> bool:
    """Return whether the sign symmetry can fix a weight to +1."""
    return layer > 1 and neuron == 0 and index < network.widths[layer - 1] and network.fan_in(layer - 1) % 2 == 1


def canonical(network: Network, weights: Any) -> NDArray[np.int8]:
    """Return the setting with all fixable weights +1 that computes the same as `weights`; shape unchanged."""
    result = network.check_weights(weights).copy()
    for layer in range(network.num_layers, 1, -1):
        if not is_fixed(network, layer, 0, 0):
            continue
        upper = network.layer_weights(result, layer)
        lower = network.layer_weights(result, layer - 1)
        signs = upper[..., 0, : network.widths[layer - 1]].copy()
        upper[..., : network.widths[layer - 1]] *= signs[..., None, :]
        lower *= signs[..., :, None]
    return result


def order_neurons(model: Any, network: Network, weights: list[Any], *, fixes_signs: bool) -> None:
    """Sort the hidden neurons of each layer of a CP-SAT model by their incoming weights, read as a binary number.

    Sort the first layer, then the second, which leaves the first as it is, and so on. With `fixes_signs`, a neuron
    whose incoming weights are fixed keeps its place; the fixed weights above are all +1 and stay so. The order of the
    first `MAX_ORDERED` weights follows from that of all.
    """
    for layer in range(1, network.num_layers):
        fan_in = network.fan_in(layer)
        first = _first_free(network, layer, fixes_signs=fixes_signs)
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


def representative(network: Network, weights: Any, *, fixes_signs: bool) -> NDArray[np.int8]:
    """Return the setting that computes the same as `weights`, (k, num_weights), and is sorted.

    With `fixes_signs` it is canonical too.
    """
    result = canonical(network, weights) if fixes_signs else network.check_weights(weights).copy()
    for layer in range(1, network.num_layers):
        first = _first_free(network, layer, fixes_signs=fixes_signs)
        for setting in result:
            rows, above = network.layer_weights(setting, layer), network.layer_weights(setting, layer + 1)
            order = first + np.lexsort(rows[first:, : min(rows.shape[1], MAX_ORDERED)].T[::-1])
            rows[first:] = rows[order]
            above[:, first : network.widths[layer]] = above[:, order]
    return result


def _first_free(network: Network, layer: int, *, fixes_signs: bool) -> int:
    """Return the first neuron of a layer that can change its place."""
    return int(fixes_signs and is_fixed(network, layer, 0, 0))
