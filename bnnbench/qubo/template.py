"""The template: one sample's objective, compiled once by PyQUBO, as arrays in spin form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights
from bnnbench.qubo.constraint import Gate, Square
from bnnbench.qubo.counter import Counter
from bnnbench.qubo.encoding import Builder, Encoding


@dataclass(frozen=True)
class Recipe:
    """The decisions behind the encoding of a network: the builder, the counter, and whether signs are fixed."""

    builder: type[Builder]
    counter: Counter
    fixes_signs: bool


@dataclass(frozen=True)
class Template:
    r"""Spin coefficients of one sample with all inputs +1, split by how they depend on the targets.

    ``E(σ) = c·offset + Σ_v (c·linear)_v σ_v + Σ_t (c·couplings)_t σ_{rows_t} σ_{cols_t}``,
    with one factor c per row, such as ``c = (v, v_1, …, v_d, v_1·y_1, …, v_d·y_d)`` for a sample whose penalties weigh
    v and whose outputs weigh v_o: row 0 has the penalties, then each output has the part of its loss that does not
    depend on its target, then the part that changes sign with it.

    Attributes
    ----------
    num_weights
        The first variables are weights, which all samples share; the others are private.
    gauged_inputs
        For each variable the input that complements it when −1, or −1 if none does: int64 of shape (V,).
    linear
        float64 of shape (C, V) for V variables.
    rows, cols
        int64 of shape (T,), rows < cols.
    couplings
        float64 of shape (C, T).
    offset
        float64 of shape (C,).
    """

    num_weights: int
    gauged_inputs: NDArray[np.int64]
    linear: NDArray[np.float64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    couplings: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def num_ancillas(self) -> int:
        """Private variables of a sample."""
        return int(self.linear.shape[1]) - self.num_weights

    def num_couplings(self, num_samples: int) -> int:
        """Return the couplings of this many samples; some may cancel."""
        shared = int(np.count_nonzero(self.cols < self.num_weights))
        return shared + num_samples * (len(self.cols) - shared)

    @cached_property
    def is_dyadic(self) -> bool:
        """Return whether all coefficients are multiples of 2^-32, so that what cancels is exactly 0."""
        parts = (self.linear, self.couplings, self.offset)
        return all(bool(np.all(part * 2.0**32 == np.rint(part * 2.0**32))) for part in parts)


@lru_cache(maxsize=4)
def template(recipe: Recipe, network: Network, penalties: tuple[float, ...], loss: LossWeights) -> Template:
    """Compile one sample, with the penalties and the loss prices filled in. The last are kept.

    PyQUBO compiles the gates and the loss. Squares are added as arrays: they have a coupling for each pair of inputs.
    """
    plan, model = _compile(recipe, network, needs_sign=loss.errors > 0)
    values: dict[str, float] = {"errors": loss.errors, "margin": loss.margin}
    values |= {f"penalty_{layer}": p for layer, p in enumerate(penalties, start=1)}
    outputs = range(network.num_outputs)
    values |= dict.fromkeys([*map(_share, outputs), *map(_target, outputs)], 0.0)
    # The loss of an output is affine in its target: its value at 0 is the even part, the difference at 1 the odd part.
    names = [str(variable) for variable in plan.variables]
    parts = [spin_form(model, names, values)]
    parts += [spin_form(model, names, values | {_share(o): 1.0}) for o in outputs]
    parts += [spin_form(model, names, values | {_share(o): 1.0, _target(o): 1.0}) for o in outputs]
    minus = [0] * len(outputs) + [1 + o for o in outputs]
    return _with_squares(stacked(parts, plan.num_weights, plan.gauged_inputs, minus=minus), plan, penalties)


def encoding(recipe: Recipe, network: Network, loss: LossWeights) -> Encoding:
    """Return the encoding of one sample."""
    return _compile(recipe, network, needs_sign=loss.errors > 0)[0]


@lru_cache(maxsize=64)
def _compile(recipe: Recipe, network: Network, *, needs_sign: bool) -> tuple[Encoding, Any]:
    """Return the encoding and the PyQUBO model; λ, prices and targets are placeholders, so that this happens once."""
    # PyQUBO 1.5 leaks memory at every compile, one more reason to compile templates only, and to keep them.
    import pyqubo

    plan = recipe.builder(network, recipe.counter, recipe.fixes_signs, needs_sign).build()
    gates = replace(plan, penalties=tuple(penalty for penalty in plan.penalties if isinstance(penalty, Gate)))
    bits = [pyqubo.Binary(str(variable)) for variable in plan.variables]
    expression = gates.expression(
        weights=bits[: plan.num_weights],
        ancillas=bits[plan.num_weights :],
        inputs=[1] * network.num_inputs,
        targets=[pyqubo.Placeholder(_target(output)) for output in range(network.num_outputs)],
        shares=[pyqubo.Placeholder(_share(output)) for output in range(network.num_outputs)],
        penalties=[pyqubo.Placeholder(f"penalty_{layer}") for layer in range(1, network.num_layers + 1)],
        errors=pyqubo.Placeholder("errors"),
        margin=pyqubo.Placeholder("margin"),
    )
    return plan, expression.compile()


def _target(output: int) -> str:
    return f"target_{output}"


def _share(output: int) -> str:
    return f"share_{output}"


def _with_squares(base: Template, plan: Encoding, penalties: Sequence[float]) -> Template:
    """Return a template with the squares of an encoding added. They depend on no target."""
    squares = [penalty for penalty in plan.penalties if isinstance(penalty, Square)]
    n, linear, offset = len(plan.variables), base.linear.copy(), base.offset.copy()
    keys, values = [base.rows * n + base.cols], []
    for square in squares:
        variables, slopes, pairs, constant = square.spin_form()
        first, second = np.triu_indices(len(variables), 1)
        keys.append(variables[first] * n + variables[second])
        values.append(pairs)
        linear[0, variables] += penalties[square.layer - 1] * slopes
        offset[0] += penalties[square.layer - 1] * constant
    places, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    couplings = np.zeros((len(base.couplings), len(places)))
    start = len(base.rows)
    couplings[:, inverse[:start]] = base.couplings
    exact = np.zeros((len(penalties), len(places)))  # by layer, so that what cancels is exactly 0
    for square, pairs in zip(squares, values, strict=True):
        exact[square.layer - 1, inverse[start : start + len(pairs)]] += pairs
        start += len(pairs)
    for penalty, part in zip(penalties, exact, strict=True):
        couplings[0] += penalty * part
    keep = np.any(couplings != 0, axis=0)
    places = places[keep]
    return replace(base, linear=linear, offset=offset, rows=places // n, cols=places % n, couplings=couplings[:, keep])


SpinForm = tuple[list[float], dict[tuple[int, int], float], float]
"""h by variable, J by pair of variables, offset."""


def spin_form(model: Any, names: Sequence[str], values: dict[str, float]) -> SpinForm:
    """Return the coefficients of a PyQUBO model over variables of these names, for given placeholders."""
    place = {name: number for number, name in enumerate(names)}
    linear, quadratic, offset = model.to_ising(feed_dict=values)
    couplings: dict[tuple[int, int], float] = {}
    for (u, v), coupling in quadratic.items():
        i, j = sorted((place[u], place[v]))
        couplings[i, j] = couplings.get((i, j), 0.0) + coupling
    return [linear.get(name, 0.0) for name in names], couplings, offset


def stacked(
    parts: Sequence[SpinForm], num_weights: int, gauged_inputs: NDArray[np.int64], *, minus: Sequence[int] = ()
) -> Template:
    """Return a template with a row per part; from each row but the first, the part of this number is taken off."""
    places = sorted(set().union(*(couplings for _, couplings, _ in parts)))
    couplings = np.array([[part.get(place, 0.0) for place in places] for _, part, _ in parts])
    couplings = couplings.reshape(len(parts), -1)
    linear = np.array([linear for linear, _, _ in parts])
    offset = np.array([offset for _, _, offset in parts])
    if minus:
        for array in (linear, couplings, offset):
            array[1:] -= array[list(minus)]
    keep = np.any(couplings != 0, axis=0)
    ends = np.array(places, dtype=np.int64).reshape(-1, 2)[keep]
    return Template(num_weights, gauged_inputs, linear, ends[:, 0], ends[:, 1], couplings[:, keep], offset)
