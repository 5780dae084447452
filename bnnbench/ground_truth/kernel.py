"""The kernels of exhaustive search, compiled by numba.

Patterns are rows of 64-bit words, one bit per sample. Agreement counts are kept bit-sliced: bit b of the counts of 64
samples is one word, so that adding two counts is a few word operations for all of them together. The agreement of
weight +1 with an input is the input's pattern, that of weight −1 its complement.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)


@numba.njit(cache=True, nogil=True)
def _half_counts(inputs: NDArray[Any], num_bits: int) -> NDArray[Any]:
    """Bit-sliced agreement counts of all 2^m weight vectors over m inputs: (2^m, bits, words), by doubling."""
    fan_in, num_words = inputs.shape
    counts = np.zeros((1 << fan_in, num_bits, num_words), dtype=np.uint64)
    for i in range(fan_in):
        for vector in range(1 << i):
            for word in range(num_words):
                plus = inputs[i, word]
                minus = ~plus
                for bit in range(num_bits):
                    count = counts[vector, bit, word]
                    counts[vector | (1 << i), bit, word] = count ^ plus
                    counts[vector, bit, word] = count ^ minus
                    plus &= count
                    minus &= count
    return counts


@numba.njit(cache=True, nogil=True)
def _sign(low: NDArray[Any], high: NDArray[Any], word: int, threshold: int) -> Any:
    """Samples for which the sum of two bit-sliced counts is at least the threshold."""
    num_bits = low.shape[0]
    complement = (1 << num_bits) - threshold  # s ≥ T iff s + 2^bits − T carries out
    carry_sum = np.uint64(0)
    carry = np.uint64(0)
    for bit in range(num_bits):
        a, b = low[bit, word], high[bit, word]
        total = a ^ b ^ carry_sum
        carry_sum = (a & b) | (carry_sum & (a ^ b))
        carry = (total | carry) if (complement >> bit) & 1 else (total & carry)
    return carry


@numba.njit(cache=True, nogil=True)
def _bit_length(number: int) -> int:
    length = 0
    while number >> length:
        length += 1
    return length


@numba.njit(cache=True, nogil=True)
def _popcount(word: Any) -> int:
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True, nogil=True)
def pattern_table(inputs: NDArray[Any], num_vectors: int, mask: NDArray[Any]) -> NDArray[Any]:
    """Activation patterns of the first `num_vectors` weight vectors of a neuron: (num_vectors, words).

    Bit i of a vector's number is set where the weight of input i is +1.
    """
    fan_in, num_words = inputs.shape
    split = fan_in // 2
    num_bits = _bit_length(fan_in)
    low, high = _half_counts(inputs[:split], num_bits), _half_counts(inputs[split:], num_bits)
    table = np.empty((num_vectors, num_words), dtype=np.uint64)
    for vector in range(num_vectors):
        a, b = low[vector & ((1 << split) - 1)], high[vector >> split]
        for word in range(num_words):
            table[vector, word] = _sign(a, b, word, (fan_in + 1) // 2) & mask[word]
    return table


@numba.njit(cache=True, nogil=True)
def neuron_losses(
    inputs: NDArray[Any], mask: NDArray[Any], target: NDArray[Any], errors: int, margin: int, losses: NDArray[Any]
) -> None:
    """Fill in the loss of every weight vector of one output neuron: int64 of shape (2^m,)."""
    fan_in, num_words = inputs.shape
    split = fan_in // 2
    num_bits = _bit_length(fan_in)
    losses[:] = 0
    if errors:
        low, high = _half_counts(inputs[:split], num_bits), _half_counts(inputs[split:], num_bits)
        for vector in range(1 << fan_in):
            a, b = low[vector & ((1 << split) - 1)], high[vector >> split]
            wrong = 0
            for word in range(num_words):
                wrong += _popcount((_sign(a, b, word, (fan_in + 1) // 2) ^ target[word]) & mask[word])
            losses[vector] = errors * wrong
    if margin:
        # Disagreeing products are linear in the weights: sum over inputs, by doubling.
        constant = 0
        change = np.empty(fan_in, dtype=np.int64)
        for i in range(fan_in):
            plus, minus = 0, 0
            for word in range(num_words):
                plus += _popcount((inputs[i, word] ^ target[word]) & mask[word])
                minus += _popcount((~inputs[i, word] ^ target[word]) & mask[word])
            constant += minus
            change[i] = plus - minus
        for vector in range(1 << fan_in):
            disagreements = constant
            for i in range(fan_in):
                if (vector >> i) & 1:
                    disagreements += change[i]
            losses[vector] += margin * disagreements


@numba.njit(cache=True, nogil=True)
def search(
    widths: NDArray[Any],
    bias: int,
    inputs: NDArray[Any],
    mask: NDArray[Any],
    targets: NDArray[Any],
    patterns: NDArray[Any],
    multiplicities: NDArray[Any],
    sizes: NDArray[Any],
    odd: NDArray[Any],
    errors: int,
    margin: int,
    cap: int,
) -> tuple[int, int, int, NDArray[Any]]:
    """Search all multisets of patterns, layer by layer, depth first.

    Parameters
    ----------
    inputs
        Input patterns, bias last, (m_1, words).
    patterns, multiplicities
        Distinct patterns of a first-layer neuron, (P, words), and how many vectors each has, (P,).
    sizes, odd
        Number of choices for a neuron of each hidden layer, and whether its sign symmetry holds.
    cap
        How many optimal states to keep.

    Returns
    -------
    tuple
        Least loss, number of weight settings that reach it, number of states kept, and the states: choices of all
        hidden neurons, (cap, hidden neurons).
    """
    num_layers = len(widths) - 1
    num_words = inputs.shape[1]
    num_slots = 0
    for layer in range(1, num_layers):
        num_slots += widths[layer]
    slot_layer, slot_neuron = np.empty(num_slots + 1, np.int64), np.empty(num_slots + 1, np.int64)
    slot = 0
    for layer in range(1, num_layers):
        for neuron in range(widths[layer]):
            slot_layer[slot], slot_neuron[slot] = layer, neuron
            slot += 1

    # Activations of every hidden layer, with a constant +1 after them for the bias.
    activations = np.zeros((num_layers, widths.max() + 1, num_words), dtype=np.uint64)
    for layer in range(1, num_layers):
        activations[layer, widths[layer]] = mask
    tables = [patterns for _ in range(num_layers)]
    choice, run = np.full(num_slots + 1, -1, np.int64), np.ones(num_slots + 1, np.int64)
    weight = np.ones(num_slots + 1, np.int64)  # settings behind the choices up to a slot
    losses = np.empty(1 << (widths[num_layers - 1] + bias), dtype=np.int64)
    states = np.empty((cap, num_slots), dtype=np.int64)
    best, count, num_states = np.int64(2**62), np.int64(0), 0

    slot = 0
    while slot >= 0:
        if num_slots:
            layer, neuron = slot_layer[slot], slot_neuron[slot]
            choice[slot] += 1
            if choice[slot] >= sizes[layer - 1]:
                slot -= 1
                continue
            picked = choice[slot]
            for word in range(num_words):
                activations[layer, neuron, word] = tables[layer - 1][picked, word]
            same = neuron > 0 and choice[slot - 1] == picked
            run[slot] = run[slot - 1] + 1 if same else 1
            behind = weight[slot - 1] if slot else 1
            behind = behind * (neuron + 1) // run[slot] * (2 if odd[layer - 1] else 1)
            weight[slot] = behind * (multiplicities[picked] if layer == 1 else 1)
            if slot + 1 < num_slots:
                slot += 1
                if slot_layer[slot] == layer:
                    choice[slot] = picked - 1  # not below the neuron before: multisets, not tuples
                else:
                    choice[slot] = -1
                    below = activations[layer, : widths[layer] + bias]
                    tables[layer] = pattern_table(below, sizes[layer], mask)
                continue
            below = activations[num_layers - 1, : widths[num_layers - 1] + bias]
        else:
            below = inputs
        total, ways = np.int64(0), np.int64(1)
        for output in range(widths[num_layers]):
            neuron_losses(below, mask, targets[output], errors, margin, losses)
            least, number = losses[0], np.int64(0)
            for loss in losses:
                if loss < least:
                    least, number = loss, np.int64(1)
                elif loss == least:
                    number += 1
            total += least
            ways *= number
        if total < best:
            best, count, num_states = total, np.int64(0), 0
        if total == best:
            count += ways * (weight[num_slots - 1] if num_slots else 1)
            if num_states < cap:
                for s in range(num_slots):
                    states[num_states, s] = choice[s]
                num_states += 1
        if not num_slots:
            break
    return int(best), int(count), num_states, states
