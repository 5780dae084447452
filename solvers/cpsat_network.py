"""CP-SAT on the network itself, with hard constraints and no QUBO; proves optimality (ortools)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.errors import InputError
from bnnbench.instance import Instance
from bnnbench.problem import Problem
from bnnbench.solver import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class CpSatNetwork(Solver):
    """Weights and activations as Booleans, agreements as XNOR, activations as reified thresholds.

    The bound is one on the training loss; it is passed on as a bound on the energy where the formulation is sound.
    Equal samples are merged, and the sign symmetry of hidden neurons of odd fan-in is broken.
    """

    exact: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("ortools",)

    num_workers: Annotated[int, Field(ge=1)] = 1
    """Search threads; with more than one the answers depend on timing."""

    def refuses(self, instance: Objective) -> str | None:
        """See `Solver.refuses`."""
        return None if isinstance(instance, Instance) else "cpsat_network needs a network, but this QUBO has none."

    def prepare(self, instance: Objective) -> Any:
        """See `Solver.prepare`: instance, model, weights, and the factor from objective to loss."""
        if not isinstance(instance, Instance):
            raise InputError(self.refuses(instance))
        return instance, *_network_model(instance.problem)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`: each improving network, and the best bound so far."""
        from bnnbench.cpsat import solve

        instance, model, weights, unit = prepared

        def energy_bound(objective_bound: float) -> float | None:
            # The energy of an unsound formulation can fall below the loss.
            return objective_bound * unit if instance.is_sound else None

        def to_bits(values: Any) -> Any:
            return instance.complete(2 * values[None] - 1)

        return solve(model, weights, energy_bound, self.num_workers, seed, budget, to_bits)


def _network_model(problem: Problem) -> tuple[Any, list[Any], float]:
    from ortools.sat.python import cp_model

    from bnnbench.ground_truth.merge import integer_prices

    network = problem.network
    errors, margin, unit = integer_prices(problem)
    model = cp_model.CpModel()
    weights = [model.new_bool_var("") for _ in range(network.num_weights)]
    _break_signs(model, problem, weights)
    rows, counts = np.unique(np.hstack([problem.inputs, problem.targets]), axis=0, return_counts=True)
    terms = []
    for row, repeats in zip(rows.tolist(), counts.tolist(), strict=True):
        below: list[Any] = [value > 0 for value in row[: network.num_inputs]]
        for layer in range(1, network.num_layers + 1):
            fan_in, threshold = network.fan_in(layer), -(-network.fan_in(layer) // 2)
            below = below[: network.widths[layer - 1]] + [True] * network.bias
            activations, sums = [], []
            for neuron in range(network.widths[layer]):
                start = network.offset(layer) + neuron * fan_in
                agreements = [
                    _agreement(model, w, a) for w, a in zip(weights[start : start + fan_in], below, strict=True)
                ]
                total = sum(agreements)
                active = model.new_bool_var("")
                model.add(total >= threshold).only_enforce_if(active)
                model.add(total < threshold).only_enforce_if(active.negated())
                activations.append(active)
                sums.append(total)
            below = activations
        for active, total, target in zip(below, sums, row[network.num_inputs :], strict=True):
            fan_in = network.fan_in(network.num_layers)
            wrong = 1 - active if target > 0 else active
            disagreements = fan_in - total if target > 0 else total
            terms.append(repeats * errors * wrong + repeats * margin * disagreements)
    model.minimize(sum(terms))
    return model, weights, unit


def _agreement(model: Any, weight: Any, value: Any) -> Any:
    """The literal [weight = value]; data needs no variable."""
    if isinstance(value, bool):
        return weight if value else weight.negated()
    same = model.new_bool_var("")
    model.add_bool_xor([weight, value, same])  # an odd number of them is true
    return same


def _break_signs(model: Any, problem: Problem, weights: list[Any]) -> None:
    """Fix the weights that `bnnbench.blueprint.is_fixed` would fix: one representative per orbit is enough."""
    from bnnbench.blueprint import is_fixed
    from bnnbench.formulation import FORMULATIONS

    network = problem.network
    for layer in range(2, network.num_layers + 1):
        for index in range(network.fan_in(layer)):
            if is_fixed(network, FORMULATIONS["reduced"], layer, 0, index):
                model.add(weights[network.offset(layer) + index] == 1)
