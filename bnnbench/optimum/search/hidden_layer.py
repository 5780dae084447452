"""Networks of one hidden layer: multisets of words, see `bnnbench.optimum.search.hidden_layer_kernel`.

A *word* stands for a hidden neuron with its incoming and outgoing weights: one bit per (sample, output), set where the
neuron's contribution agrees with the target. Equal words are merged, and the number of settings behind each is kept.
That covers the symmetries: a neuron of odd fan-in and its negative have the same word, and the order of neurons
does not matter in a multiset.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search import bits
from bnnbench.optimum.search.counting import primes_for
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.optimum.search.hidden_layer_kernel import cover, plant
from bnnbench.optimum.search.multisets import ways_of, with_own_memory
from bnnbench.optimum.search.space import Found, Query, arrangements, found_by, spins
from bnnbench.optimum.search.tally import nothing_kept
from bnnbench.optimum.search.words import Words, bound_rates, score_scale

_SMALL = 10**6
_SPLITS = 16


class HiddenLayer:
    """The space of a network with one hidden layer; see `bnnbench.optimum.search.space.Space`."""

    method = "branch and bound over activation patterns"

    def __init__(self, distinct: DistinctSamples) -> None:
        self._distinct = distinct
        network = distinct.network
        self._fan_in, self._outputs, self.num_hidden = network.fan_in(1), network.num_outputs, network.widths[1]
        mask = bits.pack(np.ones((1, len(distinct.inputs)), dtype=np.int8))
        rows = bits.pack(distinct.inputs.T)
        patterns = bits.pattern_table(
            np.vstack([rows, mask]) if network.bias else rows, 1 << self._fan_in, np.ascontiguousarray(mask[0])
        )
        self._targets = bits.pack(distinct.targets.T)
        planes = bits.planes(distinct.weights.T)
        self._active = np.bitwise_or.reduce(planes, axis=1)
        self._planes = np.ascontiguousarray(planes.transpose(1, 0, 2)).reshape(planes.shape[1], -1)

        table = np.vstack([self._agreement(patterns, signs) for signs in range(1 << self._outputs)])
        order = np.lexsort(table.T)
        table = table[order]
        is_new = np.concatenate([[True], np.any(table[1:] != table[:-1], axis=1)])
        self._order, self._starts = order, np.append(np.flatnonzero(is_new), len(table))
        self._words = np.ascontiguousarray(table[is_new])

        self.primes = primes_for(network.num_weights)
        self.factor = math.factorial(self.num_hidden)
        self._ways = ways_of(np.diff(self._starts), self.primes, self.num_hidden)
        self._total = distinct.margin * int(distinct.weights.sum())
        self._gains = distinct.margin * bits.total_weights(self._words, self._planes)
        self._roots = [self._root(signs) for signs in range(1 << self._outputs if network.bias else 1)]
        self.num_splits = 1 if self.num_states <= _SMALL else _SPLITS
        self.num_tasks = len(self._roots) * self.num_splits

    @property
    def num_words(self) -> int:
        """Distinct words."""
        return len(self._words)

    @property
    def ceiling(self) -> int:
        """A loss that no setting exceeds."""
        return self._distinct.ceiling

    @property
    def num_roots(self) -> int:
        """Settings of the biases of the outputs."""
        return len(self._roots)

    @property
    def num_states(self) -> int:
        """Multisets of words, with all biases of the outputs."""
        return math.comb(len(self._words) + self.num_hidden - 1, self.num_hidden) * len(self._roots)

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        """Search the heads of one root that belong to a task."""
        root, first = divmod(task, self.num_splits)
        needs, lost = self._roots[root]
        problem = Words(
            self._words, self._gains, self._total, needs, lost, self._planes, self._distinct.errors, *self._scores
        )
        kept = nothing_kept(query.cap, self.num_hidden, len(self.primes), query.theta)
        finished = cover(
            problem,
            query.to(first, self.num_splits, progress),
            with_own_memory(self._ways),
            kept,
            plant(problem, kept),
        )
        return found_by(kept, finished)

    def complete(self, root: int, chosen: NDArray[np.int64], num_picks: int, query: Query) -> Found:
        """Search the words that complete those chosen, under one setting of the output biases."""
        needs, lost = self._roots[root]
        needs = needs.copy()
        price = self._distinct.errors
        for word in chosen:
            agreed = self._words[word]
            lost += self._total - int(self._gains[word])
            needs[:-1] = (needs[:-1] & ~agreed) | (needs[1:] & agreed)
            needs[-1] &= ~agreed
        beyond = np.bitwise_or.reduce(needs[num_picks + 1 :], axis=0, initial=0)
        lost += price * int(bits.total_weights(beyond[None], self._planes)[0])
        _, scale = self._scores
        problem = Words(
            self._words, self._gains, self._total, np.ascontiguousarray(needs[: num_picks + 1]), lost, self._planes,
            price, bound_rates(num_picks, scale), scale,
        )  # fmt: skip
        kept = nothing_kept(query.cap, num_picks, len(self.primes), query.theta)
        ask = query.to(0, 1, np.zeros(2, dtype=np.int64))
        return found_by(kept, cover(problem, ask, with_own_memory(self._ways), kept, plant(problem, kept)))

    def settings(self, task: int, state: NDArray[np.int64], cap: int) -> NDArray[np.int8]:
        """Return weight settings behind a multiset of words, in every order, at most `cap`: (k, num_weights)."""
        network = self._distinct.network
        pools = [self._order[self._starts[word] : self._starts[word + 1]].tolist() for word in state]
        members = itertools.chain.from_iterable(
            itertools.product(*(pools[place] for place in arrangement)) for arrangement in arrangements(state.tolist())
        )
        signs, vectors = np.divmod(np.array(list(itertools.islice(members, cap))), 1 << self._fan_in)
        weights = np.empty((len(vectors), network.num_weights), dtype=np.int8)
        network.layer_weights(weights, 1)[:] = spins(vectors, self._fan_in)
        upper = network.layer_weights(weights, 2)
        upper[..., : self.num_hidden] = np.swapaxes(spins(signs, self._outputs), -1, -2)
        if network.bias:
            upper[..., -1] = spins(np.array(task // self.num_splits), self._outputs)
        return weights

    @cached_property
    def _scores(self) -> tuple[NDArray[np.int64], int]:
        """Rates of the bound, and their unit."""
        scale = score_scale(self._distinct.ceiling, self.num_hidden)
        return bound_rates(self.num_hidden, scale), scale

    def _agreement(self, patterns: NDArray[np.uint64], signs: int) -> NDArray[np.uint64]:
        """Return the agreement of patterns with the targets under these outgoing signs: (n, outputs · words)."""
        blocks = [
            (patterns ^ (~target if signs >> output & 1 else target)) & active
            for output, (target, active) in enumerate(zip(self._targets, self._active, strict=True))
        ]
        return np.hstack(blocks)

    def _root(self, signs: int) -> tuple[NDArray[np.uint64], int]:
        """Return samples by the agreements they need, and the loss that is decided, after the bias has been chosen."""
        distinct = self._distinct
        fan_in = distinct.network.fan_in(2)
        # A sum of 0 counts as +1: a target of +1 needs half of the products, one of −1 more than half.
        thresholds = np.where(distinct.targets > 0, (fan_in + 1) // 2, fan_in // 2 + 1).T
        needs = np.zeros((fan_in + 2, self._planes.shape[1]), dtype=np.uint64)
        for k in range(1, fan_in + 1):
            needs[k] = (bits.pack(np.where(thresholds == k, 1, -1)) & self._active).ravel()
        lost = 0
        if distinct.network.bias:
            full = np.full((1, self._targets.shape[1]), ~np.uint64(0))
            agreed = self._agreement(full, signs)[0]
            needs[:-1] = (needs[:-1] & ~agreed) | (needs[1:] & agreed)
            lost += self._total - distinct.margin * int(bits.total_weights(agreed[None], self._planes)[0])
        beyond = np.bitwise_or.reduce(needs[self.num_hidden + 1 :], axis=0, initial=0)
        lost += distinct.errors * int(bits.total_weights(beyond[None], self._planes)[0])
        return np.ascontiguousarray(needs[: self.num_hidden + 1]), lost
