"""Polynomials of any degree over spins: what some formulations are before they become a QUBO, at the price of bits."""

from __future__ import annotations

import abc
import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import Qubo, make_qubo

Term = tuple[int, ...]
"""Variables of a monomial, in ascending order."""
Pairs = tuple[tuple[int, int], ...]
TABLE_BITS = 48
"""Of the coefficients of a table: sums of 2^n values in double precision lose a few of 53."""


@dataclass(frozen=True, eq=False)
class Polynomial:
    """``Σ_t c_t Π_{i ∈ t} s_i`` over spins s ∈ {−1, +1}^n, of which bits are (1 + s) / 2.

    Parameters
    ----------
    num_variables
        n.
    terms
        c_t by t, none zero; the empty term is the constant.
    """

    num_variables: int
    terms: Mapping[Term, float]

    @property
    def degree(self) -> int:
        """Return the largest number of variables in a term."""
        return max(map(len, self.terms), default=0)

    @cached_property
    def swing(self) -> float:
        """``2 Σ |c_t|`` over terms of more than two variables: the most that they can change the value by."""
        return 2 * sum(abs(c) for term, c in self.terms.items() if len(term) > 2)

    def values(self, bits: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the value of each row of bits: (k, n) to (k,)."""
        spins, total = 2.0 * bits - 1, np.zeros(len(bits))
        for term, coefficient in self.terms.items():
            total += coefficient * spins[:, list(term)].prod(axis=1)
        return total


class HigherOrder(abc.ABC):
    """A formulation that is a polynomial before it is a QUBO; solvers of polynomials take it as it is."""

    @abc.abstractmethod
    def polynomial(self, problem: Problem) -> Polynomial:
        """Return the polynomial of a problem."""

    @abc.abstractmethod
    def lift(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return bits of the QUBO, of the same value, for bits of the polynomial: (k, m) to (k, n)."""


def collected(num_variables: int, terms: Iterable[tuple[Iterable[int], float]]) -> Polynomial:
    """Return the polynomial of a sum of monomials, in which monomials may repeat, and variables, as s² = 1."""
    total: dict[Term, float] = defaultdict(float)
    for variables, coefficient in terms:
        odd: set[int] = set()
        for variable in variables:
            odd ^= {variable}
        total[tuple(sorted(odd))] += coefficient
    return Polynomial(num_variables, {term: c for term, c in sorted(total.items()) if c})


def bit_product(bits: Term, coefficient: float) -> Iterator[tuple[Term, float]]:
    """Yield the terms of a coefficient times a product of distinct bits."""
    for size in range(len(bits) + 1):
        for term in itertools.combinations(bits, size):
            yield term, coefficient / 2 ** len(bits)


def polynomial_of(qubo: Qubo) -> Polynomial:
    """Return a QUBO as a polynomial: bits are (1 + s) / 2."""
    n, quarters = qubo.num_variables, qubo.couplings / 4
    biases = qubo.linear / 2
    np.add.at(biases, np.stack([qubo.rows, qubo.cols], axis=1).ravel(), np.repeat(quarters, 2))
    constant = np.cumsum(np.concatenate([[qubo.offset], qubo.linear / 2, quarters]))[-1]
    first = np.concatenate([[-1], np.arange(n), qubo.rows])
    second = np.concatenate([[-1], np.full(n, -1), qubo.cols])
    values = np.concatenate([[constant], biases, quarters])
    order = np.lexsort((second, first))  # as tuples of variables are ordered
    order = order[values[order] != 0]
    numbers = zip(first[order].tolist(), second[order].tolist(), values[order].tolist(), strict=True)
    return Polynomial(n, {(i, j) if j >= 0 else (i,) if i >= 0 else (): value for i, j, value in numbers})


def interpolated(table: NDArray[np.float64]) -> Polynomial:
    """Return the polynomial that has these values on all 2^n states; bit i of a state's number is variable i.

    The coefficients are the Walsh–Hadamard transform of the table: exact if its values are multiples of a power of two,
    the largest below 2^(`TABLE_BITS` − n) of them. What is smaller than the largest by 2^`TABLE_BITS` is rounding: 0.
    """
    n = len(table).bit_length() - 1
    coefficients = np.array(table, dtype=np.float64)
    for i in range(n):
        halves = coefficients.reshape(-1, 2, 1 << i)
        low, high = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = (low + high) / 2, (high - low) / 2
    places = np.flatnonzero(np.abs(coefficients) > 2.0**-TABLE_BITS * float(np.abs(table).max()))
    terms = {tuple(i for i in range(n) if place >> i & 1): float(coefficients[place]) for place in places.tolist()}
    return Polynomial(n, dict(sorted(terms.items())))


def reduced(polynomial: Polynomial, strength: float) -> tuple[Qubo, Pairs]:
    """Return a QUBO with two more bits for each product of two spins that is needed, and these pairs.

    The pair that most terms of degree above two contain goes first, the least of them where several do. A product p of
    u and v costs ``strength·(2 − (u + v + p)/2 − a + (uv + up + vp)/2 + a(u + v + p))`` with a bit a of its own, which
    is 0 at best if p = uv, and `strength` at least if not: with a strength of at least `Polynomial.swing`, both have
    the same minimum. The gate is that of `dimod.make_quadratic` for spins.
    """
    terms = [(set(term), c) for term, c in polynomial.terms.items()]
    where: dict[tuple[int, int], set[int]] = defaultdict(set)
    for number, (variables, _) in enumerate(terms):
        if len(variables) > 2:
            for pair in itertools.combinations(sorted(variables), 2):
                where[pair].add(number)
    queue = [(-len(found), pair) for pair, found in where.items()]
    heapq.heapify(queue)
    pairs: list[tuple[int, int]] = []
    while queue:
        size, pair = heapq.heappop(queue)
        if -size != len(where[pair]):
            if where[pair]:
                heapq.heappush(queue, (-len(where[pair]), pair))
            continue
        new = polynomial.num_variables + 2 * len(pairs)
        pairs.append(pair)
        for number in sorted(where.pop(pair)):
            variables = terms[number][0]
            for other in itertools.combinations(sorted(variables), 2):
                where[other].discard(number)
            variables.difference_update(pair)
            variables.add(new)
            for other in itertools.combinations(sorted(variables), 2) if len(variables) > 2 else ():
                where[other].add(number)
                heapq.heappush(queue, (-len(where[other]), other))
    gates = [_gate(pair, polynomial.num_variables + 2 * k, strength) for k, pair in enumerate(pairs)]
    total = collected(polynomial.num_variables + 2 * len(pairs), itertools.chain(terms, *gates))
    return _as_qubo(total), tuple(pairs)


def _gate(pair: tuple[int, int], new: int, strength: float) -> list[tuple[Term, float]]:
    """Return the terms of the penalty of a product, which is variable `new`; the next one is its own."""
    three, own = (*pair, new), new + 1
    terms: list[tuple[Term, float]] = [((), 2 * strength), ((own,), -strength)]
    terms += [((x,), -strength / 2) for x in three] + [((x, own), strength) for x in three]
    return terms + [(couple, strength / 2) for couple in itertools.combinations(three, 2)]


def with_products(bits: NDArray[np.int8], pairs: Pairs) -> NDArray[np.int8]:
    """Return bits with the products that `reduced` added, and the bit of each: (k, n) to (k, n + 2 pairs)."""
    columns = list(bits.T)
    for x, y in pairs:
        columns.append(1 - (columns[x] ^ columns[y]))
        columns.append(1 - (columns[x] & columns[y]))  # the sum of all three is 3, or −1
    return np.stack(columns, axis=1)


def wrong_products(bits: NDArray[np.int8], pairs: Pairs) -> NDArray[np.int64]:
    """Return the number of products that are not what they stand for, of each row of bits of a reduced polynomial."""
    wrong, first = np.zeros(len(bits), dtype=np.int64), bits.shape[1] - 2 * len(pairs)
    for place, (x, y) in enumerate(pairs):
        wrong += bits[:, first + 2 * place] == bits[:, x] ^ bits[:, y]
    return wrong


def _as_qubo(polynomial: Polynomial) -> Qubo:
    """Return a polynomial of degree two over bits: s = 2·bit − 1."""
    linear = np.zeros(polynomial.num_variables)
    couplings: dict[Term, float] = {}
    offset = 0.0
    for term, c in polynomial.terms.items():
        offset += c * (-1) ** len(term)
        for variable in term:
            linear[variable] += 2 * c * (-1) ** (len(term) - 1)
        if len(term) == 2:
            couplings[term] = 4 * c
    rows, cols = np.array([*couplings], dtype=np.int32).reshape(-1, 2).T
    return make_qubo(linear, rows, cols, np.array([*couplings.values()]), offset)
