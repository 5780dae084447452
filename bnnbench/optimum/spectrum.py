"""The spectrum of a problem: how many weight settings have each loss."""

from __future__ import annotations

from bnnbench.errors import InputError
from bnnbench.optimum.search.cost import QUICK, log2_evaluations
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.problem import Problem

LARGEST = 62
"""Weights up to which the counts fit in 63 bits."""
MOST_LEVELS = 2**25
"""Levels of the loss that are counted, 256 MB of them."""


def spectrum(problem: Problem) -> dict[float, int]:
    """Return the number of weight settings by training loss, lowest first; they add up to 2^num_weights.

    Every state is visited, nothing is pruned. From the spectrum follow the optimum, the number of optimal settings, the
    gap to the second level, and what random guesses reach: a setting at random has loss ≤ l with probability
    Σ_{l' ≤ l} count(l') / 2^num_weights.

    Raises
    ------
    InputError
        If there are too many states to visit, more than about a minute's worth.
    """
    from bnnbench.optimum.search.layers import Layers  # numba takes half a second to load
    from bnnbench.optimum.search.perceptron import Perceptron

    network = problem.network
    cost = log2_evaluations(network)
    if cost > QUICK or network.num_weights > LARGEST:
        raise InputError(
            f"{problem.name}: the spectrum of the network {network} with {network.num_weights} weights takes about "
            f"2^{cost:.0f} evaluations of a neuron, and 2^{QUICK} and {LARGEST} weights are the limit; "
            "use a smaller network."
        )
    distinct = distinct_samples(problem)
    if network.num_layers > 1 and distinct.ceiling > MOST_LEVELS:
        raise InputError(
            f"{problem.name}: the loss {problem.loss} of {problem.num_samples} samples has up to {distinct.ceiling} "
            f"levels, and {MOST_LEVELS} are the limit of a spectrum; use fewer samples, or the loss zero_one."
        )
    levels = Perceptron(distinct).spectrum() if network.num_layers == 1 else Layers(distinct).spectrum()
    return {(loss + distinct.base) * distinct.unit: count for loss, count in levels.items()}
