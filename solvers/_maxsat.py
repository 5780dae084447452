"""The network as a weighted MaxSAT formula (python-sat): agreements counted in unary by totalizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bnnbench.problem.problem import Problem, integer_prices
from bnnbench.qubo.network_walk import outputs
from bnnbench.qubo.symmetry import is_fixed

TRUE = 1
"""A variable that is true: data are it or its negation."""


MOST_CLAUSES = 5_000_000
"""Clauses that are written in 15 s, in 1.5 GB of memory; the library reads them in 2 s (AMD EPYC)."""


def num_clauses(problem: Problem) -> int:
    """Return how many clauses a formula has at most, without writing it; those of fixed weights are left out."""
    network = problem.network
    num_rows = len(np.unique(np.hstack([problem.inputs, problem.targets]), axis=0))
    neurons = [
        width * (_counter_clauses(network.fan_in(layer)) + (4 * network.fan_in(layer) if layer > 1 else 0))
        for layer, width in enumerate(network.widths[1:], start=1)
    ]
    return num_rows * sum(neurons)


def _counter_clauses(size: int) -> int:
    """Return the number of clauses that count so many literals: two for each pair of counts of both halves, but two."""
    if size == 1:
        return 0
    half = size // 2
    pairs = (half + 1) * (size - half + 1)
    return _counter_clauses(half) + _counter_clauses(size - half) + 2 * pairs - 2


def network_formula(problem: Problem) -> tuple[Any, list[int], float]:
    """Return the formula of a problem, the variables of its weights, and the unit of its cost in units of loss.

    The sign symmetry of hidden neurons of odd fan-in is broken; equal samples are one, with their number as a factor.
    """
    network = problem.network
    errors, margin, unit = integer_prices(problem)
    writer = _Writer()
    weights = [writer.new() for _ in range(network.num_weights)]
    for layer in range(2, network.num_layers + 1):
        for index in range(network.fan_in(layer)):
            if is_fixed(network, layer, 0, index):
                writer.require(weights[network.offset(layer) + index])
    rows, counts = np.unique(np.hstack([problem.inputs, problem.targets]), axis=0, return_counts=True)
    for output in outputs(problem, rows, weights, writer):
        sign, repeats = 1 if output.is_positive else -1, int(counts[output.row])
        if errors:
            writer.wish(sign * output.activation, repeats * errors)
        if margin:  # of s agreements, the first s outputs of the counter are true
            for literal in output.count:
                writer.wish(sign * literal, repeats * margin)
    return writer.formula(), weights, unit


@dataclass
class _Writer:
    """Writes clauses; a count is a list of literals of which the k-th is true if at least k are.

    References
    ----------
    O. Bailleux and Y. Boufkhad, "Efficient CNF Encoding of Boolean Cardinality Constraints", CP 2003.
    """

    hard: list[list[int]] = field(default_factory=lambda: [[TRUE]])
    soft: list[tuple[int, int]] = field(default_factory=list)
    num_variables: int = TRUE

    def new(self) -> int:
        self.num_variables += 1
        return self.num_variables

    def require(self, *literals: int) -> None:
        self.hard.append(list(literals))

    def wish(self, literal: int, price: int) -> None:
        self.soft.append((literal, price))

    def data(self, *, is_positive: bool) -> int:
        return TRUE if is_positive else -TRUE

    def count(self, weights: Sequence[int], values: Sequence[int]) -> list[int]:
        return self._sorted([self._agreement(w, value) for w, value in zip(weights, values, strict=True)])

    def activation(self, count: Sequence[int], threshold: int, fan_in: int) -> int:
        del fan_in
        return count[threshold - 1]

    def formula(self) -> Any:
        from pysat.formula import WCNF

        formula = WCNF()
        formula.extend(self.hard)
        for literal, price in self.soft:
            formula.append([literal], weight=price)
        return formula

    def _agreement(self, weight: int, value: int) -> int:
        """Return the literal [weight = value]; data needs no variable."""
        if abs(value) == TRUE:
            return weight if value > 0 else -weight
        same = self.new()
        for a, b, c in ((-1, -1, 1), (1, 1, 1), (-1, 1, -1), (1, -1, -1)):
            self.require(a * weight, b * value, c * same)
        return same

    def _sorted(self, literals: list[int]) -> list[int]:
        """Return as many literals with those that are true first: the merged outputs of both halves."""
        if len(literals) == 1:
            return literals
        middle = len(literals) // 2
        left, right = self._sorted(literals[:middle]), self._sorted(literals[middle:])
        merged = [self.new() for _ in literals]
        for i in range(len(left) + 1):
            for j in range(len(right) + 1):
                # i true on the left and j on the right make i + j; i and j at most make i + j at most.
                if i + j:
                    self.require(*(-x for x in (*_last(left, i), *_last(right, j))), merged[i + j - 1])
                if i + j < len(merged):
                    self.require(*left[i : i + 1], *right[j : j + 1], -merged[i + j])
        return merged


def _last(literals: Sequence[int], place: int) -> Sequence[int]:
    """Return the literal that says "at least `place`"; nothing for 0."""
    return literals[place - 1 : place] if place else ()
