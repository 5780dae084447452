"""CP-SAT on the bits of the compiled QUBO, penalties as constraints or squares; proves optimality (ortools)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.errors import InputError
from bnnbench.optimum.weight_anneal import warm_up
from bnnbench.problem.network import Network
from bnnbench.qubo.constraint import Affine, Gate, Square
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.symmetry import is_fixed, order_neurons, representative
from bnnbench.qubo.tiling import Tiling
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn

from ._cpsat import give_hint, solve
from ._hint import Hint, refusal, timed_weights, with_clock

LARGEST_SCALE = 10**6
"""Largest factor that makes coefficients whole; beyond it they are rounded, and the bound pays for it."""


@dataclass(frozen=True, kw_only=True)
class CpSat(Solver):
    """Exact minimization over all bits.

    With ``constraints``, an instance whose λ is sound is solved with every penalty at zero. The bound still holds for
    all bits: sound means that the minimum energy over all bits is the minimum loss (`bnnbench.penalty_bound`), and
    weights with their forward pass reach it with no violation. The loss does not depend on the signs and the order of
    hidden neurons, so one setting of each orbit is enough.

    Other instances, and all with ``squares``, keep each violation at its price: each sign constraint becomes an integer
    and its square, each gate a table. A bare QUBO, and one whose formulation gives no penalties, is linearized coupling
    by coupling.
    """

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "branches"
    needs: ClassVar[tuple[str, ...]] = ("numba", "ortools")
    loads: ClassVar[tuple[str, ...]] = ("ortools.sat.python.cp_model",)
    works_on: ClassVar[WorksOn] = "penalties"

    model: Literal["constraints", "squares"] = "constraints"
    """Penalties as constraints where λ is sound, or as squares in any case."""
    num_workers: Annotated[int, Field(ge=1)] = 1
    """Search threads; with more than one the answers depend on timing."""
    linearization: Annotated[int, Field(ge=0, le=2)] | None = None
    """CP-SAT's linearization_level. None: 0 for ``constraints``, where relaxations cost more than they save; else 1."""
    hint: Hint = "none"
    """Where the search starts: nowhere, or from what ``weight_search`` finds in 20 reads, with its time on a clock."""

    @property
    @override
    def threads(self) -> int:
        return self.num_workers

    @override
    def warm_up_for(self, network: Network) -> None:
        if self.hint != "none":
            warm_up(network.num_layers)

    def refuses(self, instance: Objective) -> str | None:
        """Refuse a hint where there is no network."""
        return refusal(self.hint, self.name, has_network=_tiling(instance) is not None)

    def prepare(self, instance: Objective) -> Any:
        """Return the instance, its model, its bits, the factor to energies and the rounding error."""
        tiling = _tiling(instance)
        if tiling is None:
            return instance, *_linearized_model(instance.qubo)
        if self._is_constrained(instance):
            return instance, *_constrained_model(tiling)
        return instance, *_squares_model(tiling)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield each improving solution, with the best bound so far."""
        instance, model, bits, scale, error = prepared
        tiling, hint_s = _tiling(instance), None
        model.clear_hints()
        if self.hint != "none" and tiling is not None:
            fixes_signs = tiling.encoding.fixes_signs or self._is_constrained(instance)
            found, hint_s = timed_weights(tiling.problem, seed)
            found = representative(tiling.problem.network, tiling.canonical(found), fixes_signs=fixes_signs)
            give_hint(model, bits, tiling.complete(found)[0])
        level = self.linearization
        if level is None:
            level = 0 if tiling is not None and self._is_constrained(instance) else 1
        options = {"num_workers": self.num_workers, "linearization_level": level}

        def energy_bound(objective_bound: float) -> float:
            return float(objective_bound / scale - error)

        stream = solve(model, bits, energy_bound, options, seed, budget, lambda values: values[None])
        return with_clock(stream, hint_s)

    def _is_constrained(self, instance: Objective) -> bool:
        return self.model == "constraints" and isinstance(instance, Instance) and instance.is_sound


def _tiling(instance: Objective) -> Tiling | None:
    """Return the penalties behind a QUBO, where they are known."""
    return instance.tiling if isinstance(instance, Instance) else None


def _squares_model(tiling: Tiling) -> tuple[Any, list[Any], int, float]:
    """Return the model of loss + Σ λ·penalty, scaled to whole numbers."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    bits = [model.new_bool_var("") for _ in range(tiling.num_variables)]
    # Permuted hidden neurons, their ancillas permuted alike, have the same energy, whatever is violated.
    order_neurons(model, tiling.problem.network, _weights(tiling, bits), fixes_signs=tiling.encoding.fixes_signs)
    penalties = [_exact(p) for p in tiling.penalties]
    scale = lcm(_loss_scale(tiling), *(p.denominator for p in penalties))
    terms = _loss(tiling, bits, scale)
    for n, (row, outputs) in enumerate(zip(tiling.samples.row_weights, tiling.samples.weights, strict=True)):
        for penalty in tiling.encoding.penalties:
            target = penalty.target if isinstance(penalty, Gate) else None
            factor = int(scale * penalties[penalty.layer - 1]) * int(row if target is None else outputs[target])
            if isinstance(penalty, Square):
                terms.append(factor * _square(model, tiling.on_sample(penalty.form, n), bits, penalty.paired))
            else:
                terms.append(factor * _gate(model, penalty, _literals(tiling, penalty, n, bits)))
    model.minimize(cp_model.LinearExpr.sum(terms))
    return model, bits, scale, 0.0


def _constrained_model(tiling: Tiling) -> tuple[Any, list[Any], int, float]:
    """Return the model of the loss with all penalties zero, over one representative per orbit of hidden neurons."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    bits = [model.new_bool_var("") for _ in range(tiling.num_variables)]
    network, weights = tiling.problem.network, _weights(tiling, bits)
    for layer in range(2, network.num_layers + 1):
        for index in range(network.fan_in(layer)):
            if is_fixed(network, layer, 0, index):
                model.add(weights[network.offset(layer) + index] == 1)
    order_neurons(model, network, weights, fixes_signs=True)
    for n in range(len(tiling.samples)):
        for penalty in tiling.encoding.penalties:
            if isinstance(penalty, Square):
                form = _linear(tiling.on_sample(penalty.form, n), bits)
                model.add_linear_constraint(form, penalty.lowest, penalty.highest)
            else:
                literals = _literals(tiling, penalty, n, bits)
                for row in np.ndindex(*(2,) * len(literals)):
                    if penalty.polynomial(*row):
                        clause = zip(literals, row, strict=True)
                        model.add_bool_or([lit.negated() if value else lit for lit, value in clause])
    scale = _loss_scale(tiling)
    model.minimize(cp_model.LinearExpr.sum(_loss(tiling, bits, scale)))
    return model, bits, scale, 0.0


def _weights(tiling: Tiling, bits: list[Any]) -> list[Any]:
    """Return every weight of the network: its bit, or 1 where it is fixed."""
    weights: list[Any] = [1] * tiling.problem.network.num_weights
    for place, bit in zip(tiling.free_weights.tolist(), bits, strict=False):
        weights[place] = bit
    return weights


def _exact(penalty: float) -> Fraction:
    """Return λ as it is, if it is a multiple of 2^-32 as sound ones are; else as it is written."""
    exact = Fraction(penalty)
    return exact if exact.denominator <= 2**32 else Fraction(str(penalty))


def _loss_scale(tiling: Tiling) -> int:
    price = tiling.problem.loss_weights
    return lcm(Fraction(price.errors).denominator, Fraction(price.margin).denominator)


def _loss(tiling: Tiling, bits: list[Any], scale: int) -> list[Any]:
    """Return the terms of the loss, times `scale`."""
    network, price = tiling.problem.network, tiling.problem.loss_weights
    errors, margin = int(scale * Fraction(price.errors)), int(scale * Fraction(price.margin))
    fan_in, plan = network.fan_in(network.num_layers), tiling.encoding
    terms: list[Any] = [tiling.samples.num_conflicts * (errors + margin * fan_in)]
    for n, row in enumerate(tiling.samples.weights.tolist()):
        for output, (target, weight) in enumerate(zip(tiling.samples.targets[n].tolist(), row, strict=True)):
            if errors:
                bit = bits[tiling.column((plan.loss_bits or plan.output_activations)[output], n)]
                terms.append(weight * errors * (bit if plan.loss_bits or target < 0 else 1 - bit))
            if margin:
                agreements = _linear(tiling.on_sample(plan.output_counts[output], n), bits)
                terms.append(weight * margin * (fan_in - agreements if target > 0 else agreements))
    return terms


def _literals(tiling: Tiling, gate: Gate, sample: int, bits: list[Any]) -> list[Any]:
    """Return the operands of a gate on a sample."""
    operands = [(bits[tiling.column(v, sample)], tiling.sees_complement(gate, v, sample)) for v in gate.variables]
    return [bit.negated() if is_complement else bit for bit, is_complement in operands]


def _linear(form: Affine, bits: list[Any]) -> Any:
    return sum(c * bits[v] for v, c in form.coefficients.items()) + form.constant


def _square(model: Any, form: Affine, bits: list[Any], paired: bool) -> Any:
    """Return an integer for the form, and its square, or half its product with its predecessor."""
    low = form.constant + sum(c for c in form.coefficients.values() if c < 0)
    high = form.constant + sum(c for c in form.coefficients.values() if c > 0)
    value = model.new_int_var(low, high, "")
    model.add(value == _linear(form, bits))
    square = model.new_int_var(0, max(low * low, high * high), "")
    model.add_multiplication_equality(square, [value, value])
    if not paired:
        return square
    half = model.new_int_var(0, max(low * low, high * high), "")
    model.add(2 * half == square - value)
    return half


def _gate(model: Any, gate: Gate, literals: list[Any]) -> Any:
    """Return the value of a gate's polynomial, from a table of all its inputs."""
    rows = [[*row, gate.polynomial(*row)] for row in np.ndindex(*(2,) * len(literals))]
    value = model.new_int_var(0, max(row[-1] for row in rows), "")
    # Tables take variables: a complemented literal enters as its variable, with its column complemented.
    signs = [literal.index < 0 for literal in literals]
    variables = [literal.negated() if negative else literal for literal, negative in zip(literals, signs, strict=True)]
    table = [[*(b ^ s for b, s in zip(row[:-1], signs, strict=True)), row[-1]] for row in rows]
    model.add_allowed_assignments([*variables, value], [[int(x) for x in row] for row in table])
    return value


def _linearized_model(qubo: Qubo) -> tuple[Any, list[Any], int, float]:
    """Return the model of Σ coefficient·bit + Σ coefficient·product, with a Boolean for each product."""
    from ortools.sat.python import cp_model

    coefficients = np.concatenate([qubo.linear, qubo.couplings, [qubo.offset]])
    denominators = {Fraction(str(value)).denominator for value in coefficients.tolist()}
    exact = lcm(*denominators) if len(denominators) < 1000 else LARGEST_SCALE + 1
    scale = min(exact, LARGEST_SCALE)
    whole = np.rint(coefficients * scale)
    if np.abs(whole).sum() > 2**60:
        raise InputError(f"cpsat: coefficients up to {np.abs(coefficients).max():g} are too large for whole numbers.")
    error = 0.0 if exact <= LARGEST_SCALE else float(np.abs(coefficients - whole / scale).sum()) + 2 * qubo.rounding
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
