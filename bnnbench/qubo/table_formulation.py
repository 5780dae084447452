"""Formulations given by a value for each setting of the weights: a polynomial of the weights alone, and its QUBO."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.penalty import FINEST, on_grid
from bnnbench.qubo.polynomial import (
    TABLE_BITS,
    HigherOrder,
    Pairs,
    Polynomial,
    interpolated,
    reduced,
    with_products,
    wrong_products,
)
from bnnbench.qubo.qubo import Qubo

Strength = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
MAX_WEIGHTS = 14
"""Beyond it, terms are too many to be reduced in reasonable time."""


class TableFormulation(Formulation, HigherOrder):
    """A subclass gives the table; bits are the weights, then two for each product that the reduction needs."""

    strength: Strength
    max_weights: ClassVar[int] = MAX_WEIGHTS

    @abc.abstractmethod
    def table(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return the value of each setting of the weights, ±1: (k, num_weights) to (k,)."""

    @override
    def refuses(self, problem: Problem) -> str | None:
        if problem.network.num_weights <= self.max_weights:
            return None
        return (
            f"formulation {self.name}: the values of all 2^{problem.network.num_weights} settings of the weights are "
            f"too many; it takes networks of up to {self.max_weights} weights."
        )

    @override
    def polynomial(self, problem: Problem) -> Polynomial:
        return _polynomial(self, problem)

    @override
    def compile(self, problem: Problem) -> Qubo:
        return _reduced(self, problem)[0]

    @override
    def lift(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        return with_products(bits, _reduced(self, problem)[1])

    @override
    def complete(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        return self.lift(problem, (weights > 0).astype(np.int8))

    @override
    def violations(self, problem: Problem, bits: NDArray[np.int8]) -> Mapping[str, NDArray[np.int64]]:
        return {"product": wrong_products(bits, _reduced(self, problem)[1])}

    def is_strong(self, problem: Problem) -> bool:
        """Return whether the reduction keeps the minimum of the polynomial for certain."""
        return self.strength is None or self.strength >= self.polynomial(problem).swing

    def is_exact(self, problem: Problem) -> bool:
        """Return whether double precision holds a table of losses, its polynomial and its QUBO without rounding."""
        price, fan_in = problem.loss_weights, problem.network.fan_in(problem.network.num_layers)
        largest = problem.targets.size * (price.errors + price.margin * fan_in)
        settings = 2.0**problem.network.num_weights
        return largest * settings < problem.loss_unit * 2.0**TABLE_BITS and _reduced(self, problem)[0].adds_exactly


@lru_cache(maxsize=8)
def _polynomial(formulation: TableFormulation, problem: Problem) -> Polynomial:
    num_weights = problem.network.num_weights
    states = np.arange(1 << num_weights, dtype=np.int64)[:, None] >> np.arange(num_weights) & 1
    return interpolated(formulation.table(problem, (2 * states - 1).astype(np.int8)))


@lru_cache(maxsize=8)
def _reduced(formulation: TableFormulation, problem: Problem) -> tuple[Qubo, Pairs]:
    polynomial = _polynomial(formulation, problem)
    strength = formulation.strength
    return reduced(polynomial, max(1.0, polynomial.swing) if strength is None else on_grid(strength, FINEST))
