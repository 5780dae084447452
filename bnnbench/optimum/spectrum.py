"""The spectrum of a problem: how many weight settings have each loss."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.optimum.find import QUICK
from bnnbench.problem.problem import Problem

LARGEST = 62
"""Weights up to which the counts fit in 63 bits."""


def spectrum(problem: Problem) -> dict[float, int]:
    """Number of weight settings by training loss, in units of loss, lowest first; they add up to 2^num_weights.

    Every state is visited, nothing is pruned. From the spectrum follow the optimum, the number of optimal settings, the
    gap to the second level, and what random guesses reach: a setting at random has loss ≤ l with probability
    Σ_{l' ≤ l} count(l') / 2^num_weights.

    Raises
    ------
    InputError
        If there are too many states to visit, more than about a minute's worth.
    """
    from bnnbench.optimum.search.distinct_samples import merge
    from bnnbench.optimum.search.layers import Layers, log2_evaluations
    from bnnbench.optimum.search.perceptron import Perceptron

    network = problem.network
    cost = log2_evaluations(network)
    if cost > QUICK or network.num_weights > LARGEST:
        raise InputError(
            f"{problem.name}: the spectrum of the network {network} with {network.num_weights} weights takes about "
            f"2^{cost:.0f} evaluations of a neuron, and 2^{QUICK} and {LARGEST} weights are the limit; "
            "use a smaller network."
        )
    merged = merge(problem)
    levels = Perceptron(merged).spectrum() if network.num_layers == 1 else Layers(merged).spectrum()
    return {(loss + merged.base) * merged.unit: count for loss, count in levels.items()}
