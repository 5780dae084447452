"""The template: one sample's objective, compiled once by PyQUBO, as arrays in spin form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossWeights
from bnnbench.qubo.encoding import Blueprint, blueprint
from bnnbench.qubo.formulation import Formulation


@dataclass(frozen=True)
class Template:
    r"""Spin coefficients of one sample with all inputs +1, split by how they depend on the targets.

    ``E(σ) = c·offset + Σ_v (c·linear)_v σ_v + Σ_t (c·couplings)_t σ_{rows_t} σ_{cols_t}``,
    with ``c = (1, y_1, …, y_d)``.
    Row 0 of each array does not depend on the targets, row o changes sign with the target of output o.

    Attributes
    ----------
    linear
        float64 of shape (1 + d_L, V) for V template variables.
    rows, cols
        int64 of shape (T,), rows < cols.
    couplings
        float64 of shape (1 + d_L, T).
    offset
        float64 of shape (1 + d_L,).
    """

    blueprint: Blueprint
    linear: NDArray[np.float64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    couplings: NDArray[np.float64]
    offset: NDArray[np.float64]


@lru_cache(maxsize=64)
def template(network: Network, formulation: Formulation, loss: LossWeights) -> Template:
    """Compile one sample, with the penalties and the loss prices filled in. Cached."""
    plan, model = _compile(network, formulation, loss.errors > 0)
    values: dict[str, float] = {"errors": loss.errors, "margin": loss.margin}
    values |= {f"penalty_{layer}": p for layer, p in enumerate(formulation.penalties(network), start=1)}
    outputs = [f"target_{output}" for output in range(network.num_outputs)]
    # The objective is affine in each target: its value at 0 is the even part, the difference to it at 1 the odd part.
    parts = [_spin_form(model, plan, values | dict.fromkeys(outputs, 0.0))]
    parts += [_spin_form(model, plan, values | dict.fromkeys(outputs, 0.0) | {o: 1.0}) for o in outputs]
    places = sorted(set().union(*(couplings for _, couplings, _ in parts)))
    stacked = np.array([[couplings.get(place, 0.0) for place in places] for _, couplings, _ in parts])
    linear = np.array([linear for linear, _, _ in parts])
    offset = np.array([offset for _, _, offset in parts])
    for array in (linear, stacked, offset):
        array[1:] -= array[0]
    keep = np.any(stacked.reshape(len(parts), -1) != 0, axis=0)
    ends = np.array(places, dtype=np.int64).reshape(-1, 2)[keep]
    return Template(plan, linear, ends[:, 0], ends[:, 1], stacked.reshape(len(parts), -1)[:, keep], offset)


@lru_cache(maxsize=64)
def _compile(network: Network, formulation: Formulation, needs_sign: bool) -> tuple[Blueprint, Any]:
    """Blueprint and compiled PyQUBO model; λ, prices and targets are placeholders, so that this happens once."""
    # PyQUBO 1.5 leaks memory at every compile, one more reason to compile templates only, and to keep them.
    import pyqubo

    plan = blueprint(network, formulation, needs_sign=needs_sign)
    bits = [pyqubo.Binary(str(variable)) for variable in plan.variables]
    expression = plan.expression(
        weights=bits[: plan.num_weights],
        ancillas=bits[plan.num_weights :],
        inputs=[1] * network.num_inputs,
        targets=[pyqubo.Placeholder(f"target_{output}") for output in range(network.num_outputs)],
        penalties=[pyqubo.Placeholder(f"penalty_{layer}") for layer in range(1, network.num_layers + 1)],
        errors=pyqubo.Placeholder("errors"),
        margin=pyqubo.Placeholder("margin"),
    )
    return plan, expression.compile()


def _spin_form(
    model: Any, plan: Blueprint, values: dict[str, float]
) -> tuple[list[float], dict[tuple[int, int], float], float]:
    """h by template variable, J by pair of them, and the offset, for given placeholders."""
    place = {str(variable): number for number, variable in enumerate(plan.variables)}
    linear, quadratic, offset = model.to_ising(feed_dict=values)
    couplings: dict[tuple[int, int], float] = {}
    for (u, v), coupling in quadratic.items():
        i, j = sorted((place[u], place[v]))
        couplings[i, j] = couplings.get((i, j), 0.0) + coupling
    return [linear.get(name, 0.0) for name in place], couplings, offset
