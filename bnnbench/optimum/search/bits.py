"""Words of bits: what the searches have in common, compiled by numba.

Patterns are rows of 64-bit words, one bit per sample. Agreement counts are kept bit-sliced: bit b of the counts of 64
samples is one word, so that adding two counts is a few word operations for all of them together. The agreement of
weight +1 with an input is the input's pattern, that of weight −1 its complement. Weights of samples are kept as planes:
bit b of the weights of 64 samples is one word.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import compiled, kernel, part


def pack(spins: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Pack rows of ±1 over samples into 64-bit words: (rows, N) → (rows, ⌈N/64⌉); +1 is a set bit, padding is 0."""
    rows, num_samples = spins.shape
    padded = np.zeros((rows, -(-num_samples // 64) * 64), dtype=np.uint8)
    padded[:, :num_samples] = spins > 0
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def planes(weights: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the bits of the weights of samples: (outputs, N), whole numbers ≥ 0 → (outputs, bits, ⌈N/64⌉)."""
    num_bits = max(1, int(weights.max(initial=0)).bit_length())
    bits = [pack(np.where(weights >> bit & 1, 1, -1)) for bit in range(num_bits)]
    return np.stack(bits, axis=1)


class Counts(NamedTuple):
    """Memory of bit-sliced agreement counts: of the weight vectors over either half of a neuron's inputs.

    Parameters
    ----------
    low, high
        uint64 of shape (2^⌊m/2⌋, bits, words) and (2^⌈m/2⌉, bits, words).
    change
        int64 of shape (m,).
    """

    low: NDArray[np.uint64]
    high: NDArray[np.uint64]
    change: NDArray[np.int64]


def counts_for(fan_in: int, num_words: int) -> Counts:
    """Return the memory for neurons of up to this fan-in."""
    split, num_bits = fan_in // 2, fan_in.bit_length()
    low, high = (np.empty((1 << size, num_bits, num_words), np.uint64) for size in (split, fan_in - split))
    return Counts(low, high, np.empty(fan_in, np.int64))


@kernel
def _fill_half(inputs: NDArray[Any], start: int, stop: int, num_bits: int, counts: NDArray[Any]) -> None:
    """Fill in the agreement counts of all weight vectors over a range of inputs, by doubling."""
    num_words = inputs.shape[1]
    for bit in range(num_bits):
        for word in range(num_words):
            counts[0, bit, word] = np.uint64(0)
    for i in range(stop - start):
        for vector in range(1 << i):
            for word in range(num_words):
                plus = inputs[start + i, word]
                minus = ~plus
                for bit in range(num_bits):
                    count = counts[vector, bit, word]
                    counts[vector | (1 << i), bit, word] = count ^ plus
                    counts[vector, bit, word] = count ^ minus
                    plus &= count
                    minus &= count


@part
def _sign(counts: Counts, low: int, high: int, word: int, num_bits: int, threshold: int) -> Any:
    """Return the samples for which the sum of two bit-sliced counts is at least the threshold."""
    complement = (1 << num_bits) - threshold  # s ≥ T iff s + 2^bits − T carries out
    carry_sum = np.uint64(0)
    carry = np.uint64(0)
    for bit in range(num_bits):
        a, b = counts.low[low, bit, word], counts.high[high, bit, word]
        total = a ^ b ^ carry_sum
        carry_sum = (a & b) | (carry_sum & (a ^ b))
        carry = (total | carry) if (complement >> bit) & 1 else (total & carry)
    return carry


@part
def _bit_length(number: int) -> int:
    length = 0
    while number >> length:
        length += 1
    return length


@intrinsic
def _popcount(_: Any, word: Any) -> Any:  # noqa: ARG001
    """Count the set bits of a 64-bit word, by the processor's own instruction where it has one."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        count = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(count, arguments)

    return types.int64(types.uint64), build


popcount: Any = _popcount  # called with the word alone


@kernel
def weigh(word: Any, planes: NDArray[Any], place: int) -> int:
    """Return the total weight of the samples whose bits are set in one word of a pattern."""
    total = np.int64(0)
    for bit in range(planes.shape[0]):
        total += popcount(word & planes[bit, place]) << bit
    return total


def pattern_table(inputs: NDArray[Any], num_vectors: int, mask: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the activation patterns of the first `num_vectors` weight vectors of a neuron: (num_vectors, words).

    Bit i of a vector's number is set where the weight of input i is +1.
    """
    fan_in, num_words = inputs.shape
    table = np.empty((num_vectors, num_words), dtype=np.uint64)
    fill_pattern_table(inputs, mask, counts_for(fan_in, num_words), table)
    return table


@kernel
def fill_pattern_table(inputs: NDArray[Any], mask: NDArray[Any], counts: Counts, table: NDArray[Any]) -> None:
    """Fill in what `pattern_table` returns."""
    fan_in, num_words = inputs.shape
    split, num_bits, threshold = fan_in // 2, _bit_length(fan_in), (fan_in + 1) // 2
    _fill_half(inputs, 0, split, num_bits, counts.low)
    _fill_half(inputs, split, fan_in, num_bits, counts.high)
    for vector in range(len(table)):
        low, high = vector & ((1 << split) - 1), vector >> split
        for word in range(num_words):
            table[vector, word] = _sign(counts, low, high, word, num_bits, threshold) & mask[word]


def neuron_losses(
    inputs: NDArray[np.uint64], target: NDArray[np.uint64], planes: NDArray[np.uint64], errors: int, margin: int
) -> NDArray[np.int64]:
    """Return the loss of every weight vector of one output neuron: int64 of shape (2^m,).

    Parameters
    ----------
    inputs, target, planes
        Input patterns (m, words), target pattern (words,), weights of the samples (bits, words).
    errors, margin
        Price of an error, and of a product that disagrees with the target.
    """
    losses = np.empty(1 << len(inputs), dtype=np.int64)
    fill_neuron_losses(inputs, target, planes, errors, margin, counts_for(*inputs.shape), losses)
    return losses


@kernel
def fill_neuron_losses(
    inputs: NDArray[Any],
    target: NDArray[Any],
    planes: NDArray[Any],
    errors: int,
    margin: int,
    counts: Counts,
    losses: NDArray[Any],
) -> int:
    """Fill in what `neuron_losses` returns, and return the least of it."""
    fan_in, num_words = inputs.shape
    split, num_bits, threshold = fan_in // 2, _bit_length(fan_in), (fan_in + 1) // 2
    if errors:
        _fill_half(inputs, 0, split, num_bits, counts.low)
        _fill_half(inputs, split, fan_in, num_bits, counts.high)
    constant, least = np.int64(0), np.int64(2**62)
    if margin:
        # Disagreeing products are linear in the weights: sum over inputs, by doubling.
        for i in range(fan_in):
            plus, minus = np.int64(0), np.int64(0)
            for word in range(num_words):
                plus += weigh(inputs[i, word] ^ target[word], planes, word)
                minus += weigh(~inputs[i, word] ^ target[word], planes, word)
            constant += minus
            counts.change[i] = plus - minus
    for vector in range(1 << fan_in):
        low, high = vector & ((1 << split) - 1), vector >> split
        wrong, disagreements = np.int64(0), constant
        if errors:
            for word in range(num_words):
                wrong += weigh(_sign(counts, low, high, word, num_bits, threshold) ^ target[word], planes, word)
        if margin:
            for i in range(fan_in):
                if (vector >> i) & 1:
                    disagreements += counts.change[i]
        losses[vector] = errors * wrong + margin * disagreements
        least = min(least, losses[vector])
    return least


@compiled()
def total_weights(words: NDArray[Any], planes: NDArray[Any]) -> NDArray[Any]:
    """Return the total weight of the samples in each row: (n, words) → int64 (n,)."""
    totals = np.zeros(words.shape[0], dtype=np.int64)
    for row in range(words.shape[0]):
        for word in range(words.shape[1]):
            totals[row] += weigh(words[row, word], planes, word)
    return totals
