"""The cost of a search, in evaluations and in bytes, before it begins."""

from __future__ import annotations

import math

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

QUICK = 31
"""log2 of the evaluations of plain enumeration that take about a minute on one core; a search is worth that much."""
HOPELESS = 44
"""log2 of the evaluations above which a search without a good bound is not begun unless forced."""
MEMORY = 31
"""log2 of the bytes that the tables of a search may take."""
_WIDEST = 500
"""Hidden neurons up to which whole numbers of the search over one hidden layer fit in 62 bits."""


def fits(network: Network, num_samples: int) -> bool:
    """Return whether a network has one hidden layer, and the search over it takes no more than two gigabytes."""
    if network.num_layers != 2 or network.widths[1] > _WIDEST:
        return False
    num_words = network.num_outputs * -(-num_samples // 64)
    per_word = 8 * (4 * num_words + 2 * network.widths[1] + 4)
    return network.fan_in(1) + network.num_outputs + math.log2(per_word) <= MEMORY


def log2_evaluations(network: Network) -> float:
    """Return log2 of an upper bound on the number of output neurons that the search evaluates, for any widths."""
    total = math.log2(network.num_outputs) + network.fan_in(network.num_layers)
    for layer in range(1, network.num_layers):
        fan_in = network.fan_in(layer)
        total += _log2_multisets(fan_in - fan_in % 2, network.widths[layer])
    return total


def _log2_multisets(log2_size: int, width: int) -> float:
    """Return log2 of the number of multisets of `width` elements out of 2^log2_size."""
    if log2_size > 40:  # far more elements than are drawn: repetitions do not count
        return width * log2_size - math.lgamma(width + 1) / math.log(2)
    size = 1 << log2_size
    return (math.lgamma(size + width) - math.lgamma(width + 1) - math.lgamma(size)) / math.log(2)


def why_hopeless(problem: Problem, *, force: bool = False) -> str | None:
    """Return why a search has no prospects, with an estimate of its cost; None if it has.

    Without hidden layers, and with one whose table fits in memory, bounds prune so well that a search is always tried
    (but for margins without hidden layers). Force
    overrides the time that it would take, but no system gives more memory than it has.
    """
    import psutil

    network = problem.network
    if fits(network, problem.num_samples) or (network.num_layers == 1 and problem.loss == "zero_one"):
        return None
    log2_words = math.log2(-(-problem.num_samples // 64))
    cost = log2_evaluations(network) + log2_words
    table = network.fan_in(1) + 5 + (log2_words if network.num_layers > 1 else math.log2(network.num_outputs))
    if not force and cost <= (QUICK if network.num_layers == 1 else HOPELESS) and table <= MEMORY:
        return None
    if force and table <= math.log2(psutil.virtual_memory().available):
        return None
    advice = "" if force else ", or search all the same with --force"
    return (
        f"{problem.name}: the network {network} has {network.num_weights} weights; to search them would take up to "
        f"10^{cost * math.log10(2):.0f} evaluations of a neuron on 64 samples, and tables of up to "
        f"10^{table * math.log10(2):.0f} bytes; use a smaller network, or a problem with planted weights such as "
        f"teacher{advice}."
    )
