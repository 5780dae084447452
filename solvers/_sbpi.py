"""One read of stochastic learning with hidden states, on one output of a perceptron or committee; compiled by numba."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import next_word
from bnnbench.optimum.message_passing import committee_samples
from bnnbench.optimum.search.compiled import compiled
from bnnbench.optimum.search.distinct_samples import DistinctSamples


class Patterns(NamedTuple):
    """The samples that some setting gets wrong.

    Attributes
    ----------
    products
        Inputs times target, int8 of shape (D, m).
    least
        Least product of weights and inputs that agrees with the target: 0 where a tie does, else 1; int32 (D,).
    needs
        Agreeing neurons that make a sample right, int64 (D,).
    counts
        Weights of the samples, float64 (D,).
    """

    products: NDArray[np.int8]
    least: NDArray[np.int32]
    needs: NDArray[np.int64]
    counts: NDArray[np.float64]


class Synapses(NamedTuple):
    """The state of a run.

    Attributes
    ----------
    hidden, weights
        Odd whole numbers h, int32, and their signs, int8: (K, m).
    sums
        Products of weights and inputs in one sample, int32 (K,).
    order
        Order of the samples in an epoch, int64 (D,).
    state
        Of the generator, uint64 (2,).
    """

    hidden: NDArray[np.int32]
    weights: NDArray[np.int8]
    sums: NDArray[np.int32]
    order: NDArray[np.int64]
    state: NDArray[np.uint64]


class Rule(NamedTuple):
    """Numbers of the rules: stability θ, chance that a sample is learned of 2^32, and the largest hidden state."""

    stability: int
    chance: int
    largest: int


def make_patterns(distinct: DistinctSamples) -> list[Patterns]:
    """Return the patterns of each output."""
    found = []
    for output in range(distinct.network.num_outputs):
        samples = committee_samples(distinct, output, np.inf)
        kept = samples.counts > 0
        least = np.where(distinct.targets[:, output] > 0, 0, 1).astype(np.int32)
        found.append(Patterns(samples.products[kept], least[kept], samples.needs[kept], samples.counts[kept]))
    return found


def make_synapses(patterns: Patterns, num_hidden: int, seed: int) -> Synapses:
    """Return hidden states of −1 and +1, drawn at random."""
    num_samples, fan_in = patterns.products.shape
    random = np.random.default_rng(seed)
    hidden = 2 * random.integers(0, 2, (num_hidden, fan_in), dtype=np.int32) - 1
    state = random.integers(1, 2**63, 2, dtype=np.uint64)
    return Synapses(hidden, hidden.astype(np.int8), np.zeros(num_hidden, np.int32), np.arange(num_samples), state)


@compiled()
def learn(patterns: Patterns, synapses: Synapses, rule: Rule, num_epochs: int, best: NDArray[np.int8]) -> int:
    """Present all samples, epoch by epoch, until none is wrong or to the end; return the number of samples presented.

    `best`, (K, m), is filled with the weights of least loss among those at the ends of epochs that made fewer mistakes
    than all before; the loss is counted anew, as an epoch's mistakes are made by changing weights.
    """
    least_mistakes, least_loss, presented = len(patterns.needs) + 1, np.inf, 0
    for _ in range(num_epochs):
        _shuffle(synapses.order, synapses.state)
        mistakes = 0
        for n in synapses.order:
            mistakes += _present(patterns, synapses, rule, n)
        presented += len(patterns.needs)
        if mistakes >= least_mistakes:
            continue
        least_mistakes = mistakes
        loss = 0.0
        if mistakes > 0:
            for n in range(len(patterns.needs)):
                loss += patterns.counts[n] * (_agreements(patterns, synapses, n) < patterns.needs[n])
            presented += len(patterns.needs)
        if loss < least_loss:
            least_loss = loss
            best[:] = synapses.weights
        if loss == 0:
            break
    return presented


@compiled()
def _shuffle(order: NDArray[Any], state: NDArray[Any]) -> None:
    for last in range(len(order) - 1, 0, -1):
        place = np.int64((next_word(state) >> np.uint64(32)) * np.uint64(last + 1) >> np.uint64(32))
        order[last], order[place] = order[place], order[last]


@compiled(fastmath=True)
def _dot(a: NDArray[Any], b: NDArray[Any]) -> Any:
    total = np.int32(0)
    for i in range(len(a)):
        total += np.int32(a[i]) * np.int32(b[i])
    return total


@compiled()
def _agreements(patterns: Patterns, synapses: Synapses, n: int) -> int:
    """Fill in the sums of a sample; return how many neurons agree with its target."""
    agreements = 0
    for k in range(len(synapses.sums)):
        synapses.sums[k] = _dot(patterns.products[n], synapses.weights[k])
        agreements += synapses.sums[k] >= patterns.least[n]
    return agreements


@compiled()
def _present(patterns: Patterns, synapses: Synapses, rule: Rule, n: int) -> bool:
    """Apply the rules to a sample; return whether it was wrong."""
    products, least, sums = patterns.products[n], patterns.least[n], synapses.sums
    lacking = patterns.needs[n] - _agreements(patterns, synapses, n)
    for _ in range(lacking):
        nearest = -1
        for k in range(len(sums)):
            if sums[k] < least and (nearest < 0 or sums[k] > sums[nearest]):
                nearest = k
        _move(synapses.hidden[nearest], synapses.weights[nearest], products, rule.largest)
        sums[nearest] = least
    if lacking <= 0:
        for k in range(len(sums)):
            if (
                least <= sums[k] <= rule.stability
                and np.int64(next_word(synapses.state) >> np.uint64(32)) < rule.chance
            ):
                _settle(synapses.hidden[k], synapses.weights[k], products, rule.largest)
    return bool(lacking > 0)


@compiled()
def _move(hidden: NDArray[Any], weights: NDArray[Any], products: NDArray[Any], largest: int) -> None:
    """Move every hidden state of a neuron toward a sample."""
    for i in range(len(products)):
        moved = hidden[i] + 2 * products[i]
        hidden[i] = min(max(moved, -largest), largest)
        weights[i] = 1 if hidden[i] > 0 else -1


@compiled()
def _settle(hidden: NDArray[Any], weights: NDArray[Any], products: NDArray[Any], largest: int) -> None:
    """Move hidden states away from 0 where the weight agrees with a sample; no weight changes."""
    for i in range(len(products)):
        moved = hidden[i] + products[i] + weights[i]
        hidden[i] = min(max(moved, -largest), largest)
