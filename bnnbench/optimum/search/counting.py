"""Exact counts beyond 64 bits, as residues modulo several primes (Chinese remainder theorem).

The number of weight settings is up to 2^num_weights. Compiled code adds up its residues; Python puts them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_BITS = 30
"""Every prime used is above 2^30."""


def primes_for(num_weights: int) -> NDArray[np.int64]:
    """Return primes of a product above 2^num_weights: the largest below 2^31, so that two multiply in 63 bits."""
    return np.array(_largest_primes(num_weights // _BITS + 1), dtype=np.int64)


def from_residues(residues: Sequence[int]) -> int:
    """Return the least number ≥ 0 with these residues modulo the first primes."""
    primes = _largest_primes(len(residues))
    modulus = math.prod(primes)
    total = 0
    for residue, prime in zip(residues, primes, strict=True):
        rest = modulus // prime
        total += int(residue) * rest * pow(rest, -1, prime)
    return total % modulus


@cache
def _largest_primes(count: int) -> tuple[int, ...]:
    """Return the largest primes below 2^31, in descending order."""
    if not count:
        return ()
    known = _largest_primes(count - 1)
    candidate = known[-1] - 2 if known else 2**31 - 1
    while not _is_prime(candidate):
        candidate -= 2
    return (*known, candidate)


def _is_prime(number: int) -> bool:
    """Test by Miller–Rabin with bases 2, 3, 5, 7, which errs on no odd number from 9 to 3,215,031,750.

    C. Pomerance, J. L. Selfridge and S. S. Wagstaff, "The pseudoprimes to 25·10⁹", Mathematics of Computation, 1980.
    """
    twos = (number - 1 & 1 - number).bit_length() - 1
    for base in (2, 3, 5, 7):
        power = pow(base, number - 1 >> twos, number)
        if power in (1, number - 1):
            continue
        if not any((power := power * power % number) == number - 1 for _ in range(twos - 1)):
            return False
    return True
