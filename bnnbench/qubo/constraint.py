"""Constraints between the bits of a sample, and their penalties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["sign", "product", "loss"]


@dataclass(frozen=True)
class Affine:
    """``constant + Σ coefficient·bit``, over template variables."""

    coefficients: Mapping[int, int]
    constant: int = 0

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Return the value on bits, or on expressions, that are indexed by template variable."""
        return sum((c * bits[v] for v, c in self.coefficients.items()), self.constant)

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """Return ``self + factor·other``."""
        merged = dict(self.coefficients)
        for variable, coefficient in other.coefficients.items():
            merged[variable] = merged.get(variable, 0) + factor * coefficient
        return Affine(merged, self.constant + factor * other.constant)


@dataclass(frozen=True)
class Square:
    """The penalty ``form²``, or ``form·(form − 1)/2`` if `lowest` + `highest` = 1: least amid the range of the form.

    It is 0 within a range of one or two values, and at least 1 outside; it punishes the ends of a wider range.
    """

    kind: Kind
    layer: int
    form: Affine
    lowest: int = 0
    """A lower form is a violation."""
    highest: int = 0
    """A higher form is a violation."""

    @property
    def paired(self) -> bool:
        """Return whether the penalty is ``form·(form − 1)/2``."""
        return self.lowest + self.highest == 1

    @property
    def variables(self) -> tuple[int, ...]:
        """Template variables in the form."""
        return tuple(self.form.coefficients)

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Return the value on bits, or on expressions, that are indexed by template variable."""
        form = self.form(bits)
        return (form * form - form) / 2 if self.paired else form**2

    def spin_form(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], float]:
        """Return the variables in ascending order, their linear coefficients, those of their pairs, and the constant.

        The penalty is expanded in spins. Pairs are in the order of ``numpy.triu_indices``. All numbers are exact.
        """
        variables = np.array(sorted(self.form.coefficients), dtype=np.int64)
        slopes = np.array([self.form.coefficients[v] for v in variables.tolist()]) / 2
        center = self.form.constant + slopes.sum()
        first, second = np.triu_indices(len(variables), 1)
        scale, shift = (0.5, 0.5) if self.paired else (1.0, 0.0)
        constant = scale * (center**2 + slopes @ slopes) - shift * center
        return variables, (2 * scale * center - shift) * slopes, 2 * scale * slopes[first] * slopes[second], constant

    def is_violated(self, bits: Sequence[Any]) -> Any:
        """Return whether the form is out of its range."""
        form = self.form(bits)
        return (form < self.lowest) | (form > self.highest)


@dataclass(frozen=True)
class Gate:
    """A penalty on few bits, given by a polynomial that is 0 where the gate holds and at least 1 elsewhere."""

    kind: Kind
    layer: int
    polynomial: Callable[..., Any]
    variables: tuple[int, ...]
    target: int | None = None
    """The output whose target complements the last variable; None if no target enters."""

    def __call__(self, bits: Sequence[Any]) -> Any:
        """Return the value on bits, or on expressions, that are indexed by template variable."""
        return self.polynomial(*(bits[v] for v in self.variables))

    def is_violated(self, bits: Sequence[Any]) -> Any:
        """Return whether the gate does not hold."""
        return self(bits) != 0


def product(w: Any, a: Any, p: Any) -> Any:
    """Return 0 if p = w·a, and at least 1 otherwise."""
    return w * a - 2 * w * p - 2 * a * p + 3 * p


def only_if(e: Any, alpha: Any) -> Any:
    """Return 0 if e implies α, and 1 otherwise."""
    return e - e * alpha
