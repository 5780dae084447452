"""Polynomials behind instances, and their annealing; compiled by numba."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import next_word
from bnnbench.optimum.search.compiled import copy, kernel, part
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.polynomial import HigherOrder, Polynomial, polynomial_of
from bnnbench.solver.contract import Objective

Lift = Callable[[NDArray[np.int8]], NDArray[np.int8]]
"""From bits of the polynomial to bits of the instance."""


def higher_order(instance: Objective) -> tuple[Polynomial, Lift]:
    """Return the polynomial behind an instance; of other formulations, and of a bare QUBO, the QUBO itself."""
    if isinstance(instance, Instance) and isinstance(form := instance.formulation, HigherOrder):
        problem = instance.problem
        return form.polynomial(problem), lambda bits: form.lift(problem, bits)
    return polynomial_of(instance.qubo), lambda bits: bits


class Terms(NamedTuple):
    """The terms by number, and the numbers of the terms of each variable.

    Attributes
    ----------
    starts, members
        Variables of term t: ``members[starts[t] : starts[t + 1]]``.
    uses, users
        Terms of variable i: ``users[uses[i] : uses[i + 1]]``.
    coefficients
        c_t, float64.
    """

    starts: NDArray[np.int64]
    members: NDArray[np.int64]
    uses: NDArray[np.int64]
    users: NDArray[np.int64]
    coefficients: NDArray[np.float64]


class Walker(NamedTuple):
    """Spins s, values c_t Π s of the terms, fields (the sum of the values of a variable's terms), and the generator."""

    spins: NDArray[np.int8]
    values: NDArray[np.float64]
    fields: NDArray[np.float64]
    state: NDArray[np.uint64]


def make_terms(polynomial: Polynomial) -> Terms:
    """Return the terms of a polynomial as arrays; the constant is left out."""
    variables = [term for term in polynomial.terms if term]
    sizes = np.array([len(term) for term in variables], dtype=np.int64)
    members = np.fromiter(chain.from_iterable(variables), np.int64, int(sizes.sum()))
    users = np.repeat(np.arange(len(sizes)), sizes)[np.argsort(members, kind="stable")]
    coefficients = np.array([c for term, c in polynomial.terms.items() if term], dtype=np.float64)
    uses = np.bincount(members, minlength=polynomial.num_variables)
    return Terms(_ends(sizes), members, _ends(uses), users, coefficients)


def _ends(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of some lists begins that lie behind each other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def estimated_betas(terms: Terms) -> tuple[float, float]:
    """Return the first and the last inverse temperature, as `bnnbench.solver.schedule` does for a QUBO.

    At the start the largest possible increase is accepted with a probability of ½ or more, at the end one by twice the
    median coefficient with 1 %.
    """
    sizes = np.abs(terms.coefficients)
    if not sizes.size:
        return 1.0, 1.0
    ends = np.bincount(terms.members, np.repeat(sizes, np.diff(terms.starts)))
    first = float(np.log(2) / (2 * ends.max()))
    return first, max(first, float(np.log(100) / (2 * np.median(sizes))))


def make_walker(terms: Terms, state: NDArray[np.uint64]) -> Walker:
    """Return memory for a walker."""
    n = len(terms.uses) - 1
    return Walker(np.ones(n, dtype=np.int8), np.zeros(len(terms.coefficients)), np.zeros(n), state)


@part
def _draw(terms: Terms, walker: Walker) -> None:
    """Draw random spins, and compute values and fields."""
    for i in range(len(walker.spins)):
        walker.spins[i] = 1 if next_word(walker.state) >> np.uint64(63) else -1
        walker.fields[i] = 0.0
    for t in range(len(terms.coefficients)):
        value = terms.coefficients[t]
        for k in range(terms.starts[t], terms.starts[t + 1]):
            value *= walker.spins[terms.members[k]]
        walker.values[t] = value
        for k in range(terms.starts[t], terms.starts[t + 1]):
            walker.fields[terms.members[k]] += value


@part
def _flip(terms: Terms, walker: Walker, spin: int) -> None:
    """Flip a spin: the values of its terms change their sign."""
    walker.spins[spin] = -walker.spins[spin]
    for u in range(terms.uses[spin], terms.uses[spin + 1]):
        t = terms.users[u]
        change = 2 * walker.values[t]
        walker.values[t] = -walker.values[t]
        for k in range(terms.starts[t], terms.starts[t + 1]):
            walker.fields[terms.members[k]] -= change


@kernel
def anneal(terms: Terms, walker: Walker, betas: NDArray[np.float64], reads: NDArray[np.int8]) -> None:
    """Anneal from random spins, a sweep per inverse temperature; the last spins of each read go to a row of `reads`."""
    for read in range(len(reads)):
        _draw(terms, walker)
        for beta in betas:
            for i in range(len(walker.spins)):
                increase = -2 * beta * walker.fields[i]
                if increase <= 0 or (next_word(walker.state) >> np.uint64(11)) * 2.0**-53 < np.exp(-increase):
                    _flip(terms, walker, i)
        copy(walker.spins, reads[read])
