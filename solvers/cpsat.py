"""CP-SAT on the compiled QUBO, as loss plus a sum of squares; proves optimality (ortools)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.blueprint import Affine, Gate, Square
from bnnbench.cpsat import solve
from bnnbench.errors import InputError
from bnnbench.instance import Instance
from bnnbench.qubo import Qubo
from bnnbench.solver import Batch, Budget, Objective, Solver

LARGEST_SCALE = 10**6
"""Largest factor that makes coefficients whole; beyond it they are rounded, and the bound pays for it."""


@dataclass(frozen=True, kw_only=True)
class CpSat(Solver):
    """Exact minimization over all bits, violations allowed at their price.

    Each sign constraint becomes an integer and its square, each gate a table, where the instance knows them; a bare
    QUBO is linearized coupling by coupling, which gives far weaker bounds.
    """

    exact: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("ortools",)

    num_workers: Annotated[int, Field(ge=1)] = 1
    """Search threads; with more than one the answers depend on timing."""

    def prepare(self, instance: Objective) -> Any:
        """See `Solver.prepare`: the model, its bits, the factor to energies and the rounding error."""
        if isinstance(instance, Instance):
            return instance.qubo, *_structured_model(instance)
        return instance.qubo, *_linearized_model(instance.qubo)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`: each improving solution, and the best bound so far."""
        _, model, bits, scale, error = prepared

        def energy_bound(objective_bound: float) -> float:
            return float(objective_bound / scale - error)

        return solve(model, bits, energy_bound, self.num_workers, seed, budget, lambda values: values[None])


def _structured_model(instance: Instance) -> tuple[Any, list[Any], int, float]:
    """Loss + Σ λ·penalty, scaled to whole numbers."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    bits = [model.new_bool_var("") for _ in range(instance.qubo.num_variables)]
    network, price = instance.problem.network, instance.problem.loss_weights
    errors, margin = Fraction(price.errors), Fraction(price.margin)
    penalties = [Fraction(str(penalty)) for penalty in instance.formulation.penalties(network)]
    scale = lcm(*(f.denominator for f in (errors, margin, *penalties)))
    plan, terms = instance.blueprint, []
    for n in range(instance.problem.num_samples):
        columns = instance.columns[n]
        for penalty in plan.penalties:
            factor = int(scale * penalties[penalty.layer - 1])
            if isinstance(penalty, Square):
                terms.append(factor * _square(model, instance.on_sample(penalty.form, n), bits))
            else:
                literals = [
                    bits[columns[v]].negated() if instance.literals(penalty, v)[n] else bits[columns[v]]
                    for v in penalty.variables
                ]
                terms.append(factor * _gate(model, penalty, literals))
        for output, target in enumerate(instance.problem.targets[n].tolist()):
            if errors:
                bit = bits[columns[(plan.loss_bits or plan.output_activations)[output]]]
                is_wrong = bit if plan.loss_bits or target < 0 else 1 - bit
                terms.append(int(scale * errors) * is_wrong)
            if margin:
                count = instance.on_sample(plan.output_counts[output], n)
                agreements = _linear(count, bits)
                fan_in = network.fan_in(network.num_layers)
                terms.append(int(scale * margin) * (fan_in - agreements if target > 0 else agreements))
    model.minimize(cp_model.LinearExpr.sum(terms))
    return model, bits, scale, 0.0


def _linear(form: Affine, bits: list[Any]) -> Any:
    return sum(c * bits[v] for v, c in form.coefficients.items()) + form.constant


def _square(model: Any, form: Affine, bits: list[Any]) -> Any:
    """An integer for the form, and its square."""
    low = form.constant + sum(c for c in form.coefficients.values() if c < 0)
    high = form.constant + sum(c for c in form.coefficients.values() if c > 0)
    value = model.new_int_var(low, high, "")
    model.add(value == _linear(form, bits))
    square = model.new_int_var(0, max(low * low, high * high), "")
    model.add_multiplication_equality(square, [value, value])
    return square


def _gate(model: Any, gate: Gate, literals: list[Any]) -> Any:
    """The value of a gate's polynomial, from a table of all its inputs."""
    rows = [[*row, gate.polynomial(*row)] for row in np.ndindex(*(2,) * len(literals))]
    value = model.new_int_var(0, max(row[-1] for row in rows), "")
    # Tables take variables: a complemented literal enters as its variable, with its column complemented.
    signs = [literal.index < 0 for literal in literals]
    variables = [literal.negated() if negative else literal for literal, negative in zip(literals, signs, strict=True)]
    table = [[*(b ^ s for b, s in zip(row[:-1], signs, strict=True)), row[-1]] for row in rows]
    model.add_allowed_assignments([*variables, value], [[int(x) for x in row] for row in table])
    return value


def _linearized_model(qubo: Qubo) -> tuple[Any, list[Any], int, float]:
    """Σ coefficient·bit + Σ coefficient·product, with a Boolean for each product."""
    from ortools.sat.python import cp_model

    coefficients = np.concatenate([qubo.linear, qubo.couplings, [qubo.offset]])
    denominators = {Fraction(str(value)).denominator for value in coefficients.tolist()}
    exact = lcm(*denominators) if len(denominators) < 1000 else LARGEST_SCALE + 1
    scale = min(exact, LARGEST_SCALE)
    whole = np.rint(coefficients * scale)
    if np.abs(whole).sum() > 2**60:
        raise InputError(f"cpsat: coefficients up to {np.abs(coefficients).max():g} are too large for whole numbers.")
    error = 0.0 if exact <= LARGEST_SCALE else float(np.abs(coefficients - whole / scale).sum()) + 1e-9
    model = cp_model.CpModel()
    bits = [model.new_bool_var("") for _ in range(qubo.num_variables)]
    terms = [int(c) * bit for c, bit in zip(whole[: len(bits)], bits, strict=True) if c]
    for i, j, c in zip(qubo.rows.tolist(), qubo.cols.tolist(), whole[len(bits) : -1].tolist(), strict=True):
        product = model.new_bool_var("")
        model.add_implication(product, bits[i])
        model.add_implication(product, bits[j])
        model.add_bool_or([bits[i].negated(), bits[j].negated(), product])
        terms.append(int(c) * product)
    model.minimize(cp_model.LinearExpr.sum([*terms, int(whole[-1])]))
    return model, bits, scale, error
