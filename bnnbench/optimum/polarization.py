"""Weights by message passing: beliefs are polarized until they are one setting, see `message_passing`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.message_passing import Samples, begin, committee_samples, make_beliefs, polarize
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.problem.network import Network

NUM_STEPS, DAMPING, REPLICAS, STRENGTH, SPREAD = 500, 0.8, 7, 3.0, 0.5
"""Chosen on planted committees 31-9-1 with 250 samples, which a damping of 0.5 does not learn."""


def takes(network: Network) -> bool:
    """Return whether a network is a perceptron, or a committee of one output and no bias."""
    return network.num_layers == 1 or (network.num_layers == 2 and network.num_outputs == 1 and not network.bias)


def refusal(name: str, network: Network) -> str | None:
    """Return why a solver of such networks refuses another one; None for one that it takes."""
    if takes(network):
        return None
    known = "perceptrons, and committees of one hidden layer, one output and no bias"
    return f"{name} takes {known}, but {network} is neither."


def focusing(num_steps: int = NUM_STEPS, replicas: int = REPLICAS, strength: float = STRENGTH) -> NDArray[np.float64]:
    """Return the pulls of y replicas around a center whose strength γ grows linearly, (steps, 2)."""
    progress = np.arange(num_steps) / num_steps
    return np.stack([np.full(num_steps, replicas - 1.0), np.tanh(strength * progress)], axis=1)


def reinforcement(num_steps: int = NUM_STEPS) -> NDArray[np.float64]:
    """Return the pulls of a reinforcement that grows linearly to 1, (steps, 2)."""
    return np.stack([np.zeros(num_steps), np.arange(num_steps) / num_steps], axis=1)


def polarized_weights(
    tasks: list[Samples],
    network: Network,
    pulls: NDArray[np.float64],
    random: np.random.Generator,
    *,
    damping: float = DAMPING,
    spread: float = SPREAD,
) -> tuple[NDArray[np.int8], int]:
    """Return the weights of one read, (num_weights,), and the messages from samples that it took.

    Parameters
    ----------
    tasks
        See `committee_samples`, one per output.
    """
    num_hidden = network.widths[1] if network.num_layers == 2 else 1
    weights = np.ones(network.num_weights, dtype=np.int8)
    messages = 0
    for output, samples in enumerate(tasks):
        beliefs = make_beliefs(samples, num_hidden)
        begin(beliefs, random, spread)
        best = np.empty(beliefs.means.shape, dtype=np.int8)
        messages += polarize(samples, beliefs, damping, pulls, best) * len(samples.needs)
        weights[output * best.size : (output + 1) * best.size] = best.ravel()
    return weights, messages


def message_weights(distinct: DistinctSamples, num_reads: int, seed: int) -> NDArray[np.int8]:
    """Return the weights of some reads with focusing, (num_reads, num_weights), of a network that `takes` accepts."""
    tasks = [committee_samples(distinct, output, np.inf) for output in range(distinct.network.num_outputs)]
    random = np.random.default_rng(seed)
    return np.stack([polarized_weights(tasks, distinct.network, focusing(), random)[0] for _ in range(num_reads)])
