"""The network as a model of CP-SAT (ortools): weights and activations as Booleans, reified thresholds between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnnbench.problem.problem import Problem, integer_prices
from bnnbench.qubo.network_walk import outputs


def network_model(problem: Problem) -> tuple[Any, list[Any], Any, float]:
    """Return a CP-SAT model of a problem without an objective, its weights, the objective, and its unit of loss."""
    from ortools.sat.python import cp_model

    network = problem.network
    errors, margin, unit = integer_prices(problem)
    model = cp_model.CpModel()
    weights = [model.new_bool_var("") for _ in range(network.num_weights)]
    _break_symmetry(model, problem, weights)
    rows, counts = np.unique(np.hstack([problem.inputs, problem.targets]), axis=0, return_counts=True)
    terms, fan_in = [], network.fan_in(network.num_layers)
    for output in outputs(problem, rows, weights, _Writer(model)):
        wrong = 1 - output.activation if output.is_positive else output.activation
        disagreements = fan_in - output.count if output.is_positive else output.count
        repeats = int(counts[output.row])
        terms.append(repeats * errors * wrong + repeats * margin * disagreements)
    return model, weights, sum(terms), unit


@dataclass(frozen=True)
class _Writer:
    """Writes thresholds as reified constraints."""

    model: Any

    def data(self, *, is_positive: bool) -> bool:
        return is_positive

    def count(self, weights: Sequence[Any], values: Sequence[Any]) -> Any:
        return sum(self._agreement(weight, value) for weight, value in zip(weights, values, strict=True))

    def activation(self, count: Any, threshold: int, fan_in: int) -> Any:
        del fan_in
        active = self.model.new_bool_var("")
        self.model.add(count >= threshold).only_enforce_if(active)
        self.model.add(count < threshold).only_enforce_if(active.negated())
        return active

    def _agreement(self, weight: Any, value: Any) -> Any:
        """Return the literal [weight = value]; data needs no variable."""
        if isinstance(value, bool):
            return weight if value else weight.negated()
        same = self.model.new_bool_var("")
        self.model.add_bool_xor([weight, value, same])  # an odd number of them is true
        return same


def _break_symmetry(model: Any, problem: Problem, weights: list[Any]) -> None:
    """Fix the weights that `bnnbench.qubo.symmetry.is_fixed` would fix: one setting per orbit is enough."""
    from bnnbench.qubo.symmetry import is_fixed, order_neurons

    network = problem.network
    for layer in range(2, network.num_layers + 1):
        for index in range(network.fan_in(layer)):
            if is_fixed(network, layer, 0, index):
                model.add(weights[network.offset(layer) + index] == 1)
    order_neurons(model, network, weights, fixes_signs=True)
