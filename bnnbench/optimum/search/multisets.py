"""Count the weight settings behind multisets of words, modulo primes; compiled by numba."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import kernel, part


class Ways(NamedTuple):
    """Numbers of settings behind each word.

    Parameters
    ----------
    multiplicities
        Modulo each prime: int64 (n, primes).
    primes
        int64 (primes,).
    inverse_factorials
        1/k! modulo each prime: int64 (primes, h + 1).
    power, product, is_open
        Memory of `count_completions`.
    """

    multiplicities: NDArray[np.int64]
    primes: NDArray[np.int64]
    inverse_factorials: NDArray[np.int64]
    power: NDArray[np.int64]
    product: NDArray[np.int64]
    is_open: NDArray[np.bool_]


def ways_of(multiplicities: NDArray[np.int64], primes: NDArray[np.int64], num_picks: int) -> Ways:
    """Return the ways to choose `num_picks` words, given how many settings are behind each word: int64 (n,)."""
    factorials = [math.factorial(k) for k in range(num_picks + 1)]
    return Ways(
        multiplicities=np.ascontiguousarray(multiplicities[:, None] % primes),
        primes=primes,
        inverse_factorials=np.array([[pow(k, -1, prime) for k in factorials] for prime in primes.tolist()]),
        **_memory(num_picks),
    )


def with_own_memory(ways: Ways) -> Ways:
    """Return the ways for another thread."""
    return ways._replace(**_memory(len(ways.is_open)))


def _memory(num_picks: int) -> dict[str, Any]:
    return {
        "power": np.empty(num_picks + 1, dtype=np.int64),
        "product": np.empty(num_picks + 1, dtype=np.int64),
        "is_open": np.empty(num_picks, dtype=np.bool_),
    }


@kernel
def _repeats(path: NDArray[Any], place: int) -> int:
    """Return how often the word at a place of the path occurs in it, or 0 if it occurs again after that place."""
    times = 1
    for j in range(len(path)):
        if path[j] == path[place]:
            if j > place:
                return 0
            times += j < place
    return times


@kernel
def count_leaf(path: NDArray[Any], ways: Ways, residues: NDArray[Any]) -> None:
    """Add Π μ / Π k!, the settings behind a multiset in any order, up to the factor h! that all multisets share."""
    for index in range(len(ways.primes)):
        prime = ways.primes[index]
        term = np.int64(1)
        for place in range(len(path)):
            term = term * ways.multiplicities[path[place], index] % prime
            times = _repeats(path, place)
            if times > 1:
                term = term * ways.inverse_factorials[index, times] % prime
        residues[index] = (residues[index] + term) % prime


@kernel
def count_completions(path: NDArray[Any], r: int, choices: NDArray[Any], ways: Ways, residues: NDArray[Any]) -> None:
    """Add what `count_leaf` would for every multiset of r choices that completes the path.

    The sum is a coefficient of the product, over words x chosen a_x times already, of Σ_k μ^(a_x + k) z^k / (a_x + k)!,
    in which k = 0 alone is open to a word that is no choice any more, and which is exp(M z) for all new words together.
    """
    power, product, is_open = ways.power, ways.product, ways.is_open
    for place in range(len(path)):
        is_open[place] = False
        for choice in choices:
            is_open[place] |= choice == path[place]
    for index in range(len(ways.primes)):
        prime = ways.primes[index]
        _new_words(path, choices, ways, index, r)
        for place in range(len(path)):
            times = _repeats(path, place)
            if times == 0:
                continue
            multiplicity = ways.multiplicities[path[place], index]
            factor = np.int64(1)
            for _ in range(times):
                factor = factor * multiplicity % prime
            for k in range(r + 1):
                product[k] = 0
            for k in range(r + 1 if is_open[place] else 1):
                rate = factor * ways.inverse_factorials[index, times + k] % prime
                for m in range(r + 1 - k):
                    product[m + k] = (product[m + k] + rate * power[m]) % prime
                factor = factor * multiplicity % prime
            for k in range(r + 1):
                power[k] = product[k]
        residues[index] = (residues[index] + power[r]) % prime


@part
def _new_words(path: NDArray[Any], choices: NDArray[Any], ways: Ways, index: int, r: int) -> None:
    """Fill in the coefficients of exp(M z), with M the multiplicities of all choices that the path does not have."""
    prime = ways.primes[index]
    total = np.int64(0)
    for choice in choices:
        total += ways.multiplicities[choice, index]
    for place in range(len(path)):
        if ways.is_open[place] and _repeats(path, place):
            total -= ways.multiplicities[path[place], index]
    total %= prime
    term = np.int64(1)
    for k in range(r + 1):
        ways.power[k] = term * ways.inverse_factorials[index, k] % prime
        term = term * total % prime
