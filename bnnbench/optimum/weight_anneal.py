"""Simulated annealing over the weights themselves, compiled by numba: no QUBO, no ancillas.

A proposal flips one weight. The activations of its neuron, and of the layers above if they change, are computed anew,
64 samples at a time: bit b of the number of agreements of 64 samples is one word, see `bnnbench.optimum.search.bits`.
(S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.)
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search import bits
from bnnbench.optimum.search.bits import weigh
from bnnbench.optimum.search.distinct_samples import Merged, merge
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

HOT, COLD = 0.6, 0.2
"""First and last temperature, in units of the loss of one sample; chosen on 7-7-1 with 40 samples."""


class WeightAnnealer:
    """Anneals the weights of one problem."""

    def __init__(self, problem: Problem) -> None:
        merged: Merged = merge(problem)
        network = merged.network
        self._problem = problem
        self._widths = np.array(network.widths)
        self._bias = int(network.bias)
        self._inputs = bits.pack(merged.inputs.T)
        self._mask = np.ascontiguousarray(bits.pack(np.ones((1, len(merged.inputs)), dtype=np.int8))[0])
        self._targets, self._planes = bits.pack(merged.targets.T), bits.planes(merged.weights.T)
        self._merged = merged
        self._unit = float(merged.errors or merged.margin)

    def anneal(
        self, num_reads: int, num_sweeps: int, seed: int, hot: float = HOT, cold: float = COLD
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Best weights of each of several anneals from random weights, (num_reads, num_weights), and their losses."""
        temperatures = self._unit * np.geomspace(hot, cold, num_sweeps)
        weights = np.empty((num_reads, self._merged.network.num_weights), dtype=np.int8)
        losses = np.empty(num_reads, dtype=np.int64)
        _anneal(
            self._widths, self._bias, self._inputs, self._mask, self._targets, self._planes, self._merged.errors,
            self._merged.margin, temperatures, seed, weights, losses,
        )  # fmt: skip
        return weights, np.asarray((losses + self._merged.base) * self._merged.unit, dtype=np.float64)


def quick_weights(problem: Problem, seed: int, num_reads: int = 20, num_sweeps: int = 100) -> NDArray[np.int8]:
    """The best of a few short anneals: ±1 of shape (1, num_weights)."""
    weights, losses = WeightAnnealer(problem).anneal(num_reads, num_sweeps, seed % 2**32)
    return weights[[losses.argmin()]]


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache."""
    one = np.ones((1, 1), dtype=np.int8)
    WeightAnnealer(Problem(Network((1, 1)), one, one)).anneal(1, 1, 0)


@numba.njit(cache=True, nogil=True)
def _activate(below: NDArray[Any], weights: NDArray[Any], mask: NDArray[Any], counts: NDArray[Any], out: Any) -> None:
    """Activations of a neuron: bits of its agreements into `counts` (bits, words), their majority into `out`."""
    num_bits, num_words = counts.shape
    fan_in = len(weights)
    complement = (1 << num_bits) - (fan_in + 1) // 2
    for word in range(num_words):
        for bit in range(num_bits):
            counts[bit, word] = 0
        for i in range(fan_in):
            carry = below[i, word] if weights[i] > 0 else ~below[i, word]
            for bit in range(num_bits):
                count = counts[bit, word]
                counts[bit, word] = count ^ carry
                carry &= count
        reached = np.uint64(0)
        for bit in range(num_bits):
            count = counts[bit, word]
            reached = (reached | count) if (complement >> bit) & 1 else (reached & count)
        out[word] = reached & mask[word]


@numba.njit(cache=True, nogil=True)
def _loss(
    outputs: NDArray[Any],
    counts: NDArray[Any],
    fan_in: int,
    target: NDArray[Any],
    planes: NDArray[Any],
    errors: int,
    margin: int,
) -> int:
    """Loss of one output; `counts` are the bits of its agreements of products with +1."""
    loss = np.int64(0)
    for word in range(len(target)):
        t = target[word]
        loss += errors * weigh(outputs[word] ^ t, planes, word)
        if margin:
            disagreements = fan_in * weigh(t, planes, word)
            for bit in range(counts.shape[0]):
                c = counts[bit, word]
                disagreements += (weigh(c & ~t, planes, word) - weigh(c & t, planes, word)) << bit
            loss += margin * disagreements
    return loss


@numba.njit(cache=True, nogil=True)
def _anneal(
    widths: NDArray[Any],
    bias: int,
    inputs: NDArray[Any],
    mask: NDArray[Any],
    targets: NDArray[Any],
    planes: NDArray[Any],
    errors: int,
    margin: int,
    temperatures: NDArray[Any],
    seed: int,
    best_weights: NDArray[Any],
    best_losses: NDArray[Any],
) -> None:
    """Fill in the best weights of each read, (reads, num_weights) as ±1, and their losses."""
    np.random.seed(seed)  # noqa: NPY002  the generator of compiled code
    num_layers = len(widths) - 1
    num_words = len(mask)
    num_weights = best_weights.shape[1]
    num_outputs = widths[num_layers]
    layer_of, neuron_of = np.empty(num_weights, np.int64), np.empty(num_weights, np.int64)
    offset = np.zeros(num_layers + 2, np.int64)
    place = 0
    for layer in range(1, num_layers + 1):
        offset[layer] = place
        for neuron in range(widths[layer]):
            for _ in range(widths[layer - 1] + bias):
                layer_of[place], neuron_of[place] = layer, neuron
                place += 1
    num_bits = 1
    while (1 << num_bits) <= widths.max() + bias:
        num_bits += 1

    activations = np.zeros((num_layers + 1, widths.max() + 1, num_words), np.uint64)
    activations[0, : widths[0]] = inputs
    for layer in range(num_layers):
        activations[layer, widths[layer]] = mask
    kept = activations.copy()
    counts = np.zeros((num_bits, num_words), np.uint64)
    losses, kept_losses = np.zeros(num_outputs, np.int64), np.zeros(num_outputs, np.int64)
    weights = np.empty(num_weights, np.int8)
    order = np.arange(num_weights)

    for read in range(len(best_weights)):
        for k in range(num_weights):
            weights[k] = 1 if np.random.random() < 0.5 else -1  # noqa: NPY002
        for layer in range(1, num_layers + 1):
            fan_in = widths[layer - 1] + bias
            for neuron in range(widths[layer]):
                start = offset[layer] + neuron * fan_in
                _activate(
                    activations[layer - 1], weights[start : start + fan_in], mask, counts, activations[layer, neuron]
                )
                if layer == num_layers:
                    losses[neuron] = _loss(
                        activations[layer, neuron], counts, fan_in, targets[neuron], planes[neuron], errors, margin
                    )
        loss = losses.sum()
        best = loss
        best_weights[read] = weights
        kept[:] = activations
        kept_losses[:] = losses
        for temperature in temperatures:
            if best == 0:
                break
            np.random.shuffle(order)  # noqa: NPY002
            for k in order:
                layer, neuron = layer_of[k], neuron_of[k]
                fan_in = widths[layer - 1] + bias
                start = offset[layer] + neuron * fan_in
                weights[k] = -weights[k]
                _activate(
                    activations[layer - 1], weights[start : start + fan_in], mask, counts, activations[layer, neuron]
                )
                if layer == num_layers:
                    losses[neuron] = _loss(
                        activations[layer, neuron], counts, fan_in, targets[neuron], planes[neuron], errors, margin
                    )
                else:
                    is_same = True
                    for word in range(num_words):
                        is_same &= activations[layer, neuron, word] == kept[layer, neuron, word]
                    if is_same:
                        continue  # nothing above changes
                    for above in range(layer + 1, num_layers + 1):
                        fan_in = widths[above - 1] + bias
                        for other in range(widths[above]):
                            start = offset[above] + other * fan_in
                            _activate(
                                activations[above - 1], weights[start : start + fan_in], mask, counts,
                                activations[above, other],
                            )  # fmt: skip
                            if above == num_layers:
                                losses[other] = _loss(
                                    activations[above, other], counts, fan_in, targets[other], planes[other], errors,
                                    margin,
                                )  # fmt: skip
                proposed = losses.sum()
                change = proposed - loss
                if change <= 0 or np.random.random() < np.exp(-change / temperature):  # noqa: NPY002
                    loss = proposed
                    for above in range(layer, num_layers + 1):
                        kept[above] = activations[above]
                    kept_losses[:] = losses
                    if loss < best:
                        best = loss
                        best_weights[read] = weights
                else:
                    weights[k] = -weights[k]
                    for above in range(layer, num_layers + 1):
                        activations[above] = kept[above]
                    losses[:] = kept_losses
        best_losses[read] = best
