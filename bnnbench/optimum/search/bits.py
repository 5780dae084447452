"""Words of bits: what the searches have in common, compiled by numba.

Patterns are rows of 64-bit words, one bit per sample. Agreement counts are kept bit-sliced: bit b of the counts of 64
samples is one word, so that adding two counts is a few word operations for all of them together. The agreement of
weight +1 with an input is the input's pattern, that of weight −1 its complement. Weights of samples are kept as planes:
bit b of the weights of 64 samples is one word.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray


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


@numba.njit(cache=True, nogil=True)
def _half_counts(inputs: NDArray[Any], num_bits: int) -> NDArray[Any]:
    """Return bit-sliced agreement counts of all 2^m weight vectors over m inputs: (2^m, bits, words), by doubling."""
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
    """Return the samples for which the sum of two bit-sliced counts is at least the threshold."""
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


@intrinsic
def _popcount(_: Any, word: Any) -> Any:  # noqa: ARG001
    """Count the set bits of a 64-bit word, by the processor's own instruction where it has one."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        count = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(count, arguments)

    return types.int64(types.uint64), build


popcount: Any = _popcount  # called with the word alone


@numba.njit(cache=True, nogil=True)
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
    table = np.empty((num_vectors, inputs.shape[1]), dtype=np.uint64)
    fill_pattern_table(inputs, mask, table)
    return table


@numba.njit(cache=True, nogil=True)
def fill_pattern_table(inputs: NDArray[Any], mask: NDArray[Any], table: NDArray[Any]) -> None:
    """Fill in what `pattern_table` returns."""
    fan_in, num_words = inputs.shape
    split = fan_in // 2
    num_bits = _bit_length(fan_in)
    low, high = _half_counts(inputs[:split], num_bits), _half_counts(inputs[split:], num_bits)
    for vector in range(len(table)):
        a, b = low[vector & ((1 << split) - 1)], high[vector >> split]
        for word in range(num_words):
            table[vector, word] = _sign(a, b, word, (fan_in + 1) // 2) & mask[word]


@numba.njit(cache=True, nogil=True)
def neuron_losses(
    inputs: NDArray[Any], target: NDArray[Any], planes: NDArray[Any], errors: int, margin: int, losses: NDArray[Any]
) -> None:
    """Fill in the loss of every weight vector of one output neuron: int64 of shape (2^m,).

    Parameters
    ----------
    inputs, target, planes
        Input patterns (m, words), target pattern (words,), weights of the samples (bits, words).
    errors, margin
        Price of an error, and of a product that disagrees with the target.
    """
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
                wrong += weigh(_sign(a, b, word, (fan_in + 1) // 2) ^ target[word], planes, word)
            losses[vector] = errors * wrong
    if margin:
        # Disagreeing products are linear in the weights: sum over inputs, by doubling.
        constant = 0
        change = np.empty(fan_in, dtype=np.int64)
        for i in range(fan_in):
            plus, minus = 0, 0
            for word in range(num_words):
                plus += weigh(inputs[i, word] ^ target[word], planes, word)
                minus += weigh(~inputs[i, word] ^ target[word], planes, word)
            constant += minus
            change[i] = plus - minus
        for vector in range(1 << fan_in):
            disagreements = constant
            for i in range(fan_in):
                if (vector >> i) & 1:
                    disagreements += change[i]
            losses[vector] += margin * disagreements


@numba.njit(cache=True, nogil=True)
def total_weights(words: NDArray[Any], planes: NDArray[Any]) -> NDArray[Any]:
    """Return the total weight of the samples in each row: (n, words) → int64 (n,)."""
    totals = np.zeros(words.shape[0], dtype=np.int64)
    for row in range(words.shape[0]):
        for word in range(words.shape[1]):
            totals[row] += weigh(words[row, word], planes, word)
    return totals
