"""Exact counts beyond 64 bits, as residues modulo several primes (Chinese remainder theorem).

The number of weight settings is up to 2^num_weights. Compiled code adds up its residues; Python puts them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PRIMES = (2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549, 2147483543, 2147483497, 2147483489)
"""The largest primes below 2^31, so that a product of two residues fits in 63 bits."""


def primes_for(num_weights: int) -> NDArray[np.int64]:
    """Enough primes for numbers up to 2^num_weights."""
    needed = num_weights // 30 + 1
    if needed > len(PRIMES):
        raise OverflowError(f"counts up to 2^{num_weights} need more primes.")
    return np.array(PRIMES[:needed], dtype=np.int64)


def from_residues(residues: Sequence[int]) -> int:
    """The least number ≥ 0 with these residues modulo the first primes."""
    modulus = math.prod(PRIMES[: len(residues)])
    total = 0
    for residue, prime in zip(residues, PRIMES, strict=False):
        rest = modulus // prime
        total += int(residue) * rest * pow(rest, -1, prime)
    return total % modulus
