"""The network as a model of CP-SAT (ortools): weights and activations as Booleans, reified thresholds between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnnbench.problem.problem import Problem, integer_prices


def network_model(problem: Problem) -> tuple[Any, list[Any], Any, float]:
    """Return a CP-SAT model of a problem without an objective, its weights, the objective, and its unit of loss."""
    from ortools.sat.python import cp_model

    network = problem.network
    errors, margin, unit = integer_prices(problem)
    model = cp_model.CpModel()
    weights = [model.new_bool_var("") for _ in range(network.num_weights)]
    _break_symmetry(model, problem, weights)
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
    return model, weights, sum(terms), unit


def _agreement(model: Any, weight: Any, value: Any) -> Any:
    """Return the literal [weight = value]; data needs no variable."""
    if isinstance(value, bool):
        return weight if value else weight.negated()
    same = model.new_bool_var("")
    model.add_bool_xor([weight, value, same])  # an odd number of them is true
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
