"""Networks of any depth: hidden layers one after another, as multisets of activation patterns.

A neuron matters only through its activation pattern, one bit per sample. First-layer weight vectors with equal patterns
are distinct. Negating all incoming and outgoing weights of a neuron of odd fan-in changes nothing, so that only one of
each pair of opposite patterns is searched; neurons of a layer can be permuted, so that only multisets are. Given the
last hidden layer, every output finds its best weights on its own.

**Bound.** Samples that a layer maps to the same activations can not be told apart by what is above it: of their targets
the minority is wrong. If the network above is odd, that holds for opposite activations too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search import bits
from bnnbench.optimum.search.bits import neuron_losses, pattern_table
from bnnbench.optimum.search.cost import log2_evaluations
from bnnbench.optimum.search.counting import primes_for
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.optimum.search.layers_kernel import DeepProblem, memory_of, search_layers
from bnnbench.optimum.search.space import Found, Query, arrangements, found_by, spins
from bnnbench.optimum.search.tally import NEVER, nothing_kept
from bnnbench.problem.network import Network

_SPLITS = 16
_SMALL = 20


def _num_representatives(fan_in: int) -> int:
    """Count the weight vectors of a hidden neuron, up to negation where the fan-in is odd."""
    return 1 << (fan_in - fan_in % 2)


@dataclass(frozen=True)
class _Patterns:
    """Distinct activation patterns of a first-layer neuron, and the weight vectors behind each."""

    words: NDArray[np.uint64]
    """(P, words)"""
    vectors: NDArray[np.int64]
    """Numbers of all vectors, those of the first pattern first, ascending within a pattern."""
    starts: NDArray[np.int64]
    """Where each pattern's vectors start, (P + 1,)."""

    def behind(self, pattern: int) -> list[int]:
        return [int(vector) for vector in self.vectors[self.starts[pattern] : self.starts[pattern + 1]]]


_Move = tuple[list[int], NDArray[np.int8]]
"""An order of a layer's neurons, as a list of places, and their signs."""


class Layers:
    """The space of a network with hidden layers; see `bnnbench.optimum.search.space.Space`."""

    method = "layer by layer over activation patterns"

    def __init__(self, distinct: DistinctSamples) -> None:
        self._distinct = distinct
        network = distinct.network
        self._hidden = range(1, network.num_layers)
        ones = np.ones((1, len(distinct.inputs)), dtype=np.int8)
        self._mask = np.ascontiguousarray(bits.pack(ones)[0])
        self._inputs = bits.pack(np.vstack([distinct.inputs.T, ones]) if network.bias else distinct.inputs.T)
        self._targets, self._planes = bits.pack(distinct.targets.T), bits.planes(distinct.weights.T)
        self._patterns = _first_layer(network, self._inputs, self._mask)
        self._sizes = np.array([_num_representatives(network.fan_in(layer)) for layer in self._hidden])
        self._sizes[0] = len(self._patterns.words)
        fan_ins = [network.fan_in(layer) for layer in range(1, network.num_layers + 1)]
        self._odd_above = np.array(
            [not network.bias and all(fan_in % 2 for fan_in in fan_ins[layer:]) for layer in range(len(fan_ins))]
        )
        self.primes = primes_for(network.num_weights)
        self._multiplicities = np.diff(self._patterns.starts)
        self.factor = 2 ** sum(network.widths[layer] for layer in self._hidden if network.fan_in(layer) % 2)
        self.num_tasks = _SPLITS if log2_evaluations(network) > _SMALL else 1

    @property
    def num_states(self) -> int:
        """Multisets of patterns of all hidden layers."""
        widths = self._distinct.network.widths
        return math.prod(
            math.comb(int(size) + widths[layer] - 1, widths[layer])
            for layer, size in zip(self._hidden, self._sizes, strict=True)
        )

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        """Search the choices of the first neuron that belong to a task."""
        return self._search(task, query, np.zeros(0, dtype=np.int64), progress)

    def spectrum(self) -> dict[int, int]:
        """Return the number of weight settings by loss above the base; for networks of at most 62 weights."""
        shared = np.array([NEVER, 0], dtype=np.int64)
        query = Query(NEVER, 0, counting=True, node_limit=NEVER, cap=0, shared=shared)
        total = np.zeros(self._distinct.ceiling + 1, dtype=np.int64)
        for task in range(self.num_tasks):
            self._search(task, query, total, np.zeros(2, dtype=np.int64))
        return {int(loss): int(total[loss]) * self.factor for loss in np.flatnonzero(total)}

    def _search(self, task: int, query: Query, spectrum: NDArray[np.int64], progress: NDArray[np.int64]) -> Found:
        num_slots = sum(self._distinct.network.widths[layer] for layer in self._hidden)
        kept = nothing_kept(query.cap, num_slots, len(self.primes), query.theta)
        ask, memory = query.to(task, self.num_tasks, progress), memory_of(self._problem, len(spectrum))
        finished = search_layers(self._problem, ask, kept, memory, self.primes, spectrum)
        return found_by(kept, finished)

    @cached_property
    def _problem(self) -> DeepProblem:
        distinct = self._distinct
        return DeepProblem(
            np.array(distinct.network.widths), int(distinct.network.bias), self._inputs, self._mask, self._targets,
            self._planes, distinct.targets, distinct.weights, self._patterns.words, self._multiplicities, self._sizes,
            self._odd_above, int(distinct.weights.sum()), distinct.errors, distinct.margin,
        )  # fmt: skip

    def settings(self, task: int, state: NDArray[np.int64], cap: int) -> NDArray[np.int8]:
        """Return at most `cap` weight settings behind a state: merged vectors × best outputs × arrangements × signs."""
        return np.array(list(itertools.islice(self._settings(state), cap)))

    def _settings(self, state: NDArray[np.int64]) -> Iterator[NDArray[np.int8]]:
        network = self._distinct.network
        chosen = np.split(state, np.cumsum([network.widths[layer] for layer in self._hidden]))[:-1]
        choices = [
            self._patterns.behind(vector) if layer == 1 else [vector]
            for layer in self._hidden
            for vector in chosen[layer - 1].tolist()
        ]
        choices += self._best_outputs([choice[0] for choice in choices])
        for vectors in itertools.product(*choices):
            weights = self._weights(vectors)
            for move in self._moves(chosen):
                moved = weights.copy()
                for layer, (arrangement, signs) in zip(self._hidden, move, strict=True):
                    lower, upper = network.layer_weights(moved, layer), network.layer_weights(moved, layer + 1)
                    lower[:] = lower[arrangement] * signs[:, None]
                    width = network.widths[layer]
                    upper[:, :width] = upper[:, arrangement] * signs
                yield moved

    def _moves(self, chosen: Sequence[NDArray[np.int64]], layer: int = 1) -> Iterator[tuple[_Move, ...]]:
        """Yield arrangements and signs of all hidden layers from one up.

        Made anew for each layer below instead of kept: there can be 2^width · width! for one layer.
        """
        if layer > len(self._hidden):
            yield ()
            return
        width = self._distinct.network.widths[layer]
        is_odd = self._distinct.network.fan_in(layer) % 2 == 1
        for arrangement in arrangements(chosen[layer - 1].tolist()):
            for signs in itertools.product((1, -1), repeat=width) if is_odd else [(1,) * width]:
                for rest in self._moves(chosen, layer + 1):
                    yield ((arrangement, np.array(signs, dtype=np.int8)), *rest)

    def _weights(self, vectors: Sequence[int]) -> NDArray[np.int8]:
        """Return the weight vector of a network whose neurons have the vectors of these numbers."""
        network = self._distinct.network
        layers = range(1, network.num_layers + 1)
        lengths = [network.fan_in(layer) for layer in layers for _ in range(network.widths[layer])]
        parts = [spins(np.array(vector), length) for vector, length in zip(vectors, lengths, strict=True)]
        return np.concatenate(parts)

    def _best_outputs(self, hidden: list[int]) -> list[list[int]]:
        """Return for each output the weight vectors of least loss, given the vectors of all hidden neurons."""
        distinct = self._distinct
        network = distinct.network
        z = network.layers(self._weights([*hidden, *[0] * network.num_outputs]), distinct.inputs)[-2]
        rows = np.vstack([np.where(z >= 0, 1, -1).T, np.ones((int(network.bias), len(z)))]).astype(np.int8)
        best = []
        for target, planes in zip(self._targets, self._planes, strict=True):
            losses = neuron_losses(bits.pack(rows), target, planes, distinct.errors, distinct.margin)
            best.append(np.flatnonzero(losses == losses.min()).tolist())
        return best


def _first_layer(network: Network, inputs: NDArray[np.uint64], mask: NDArray[np.uint64]) -> _Patterns:
    fan_in = network.fan_in(1)
    table = pattern_table(inputs, _num_representatives(fan_in), mask)
    vectors = np.arange(len(table))
    if fan_in % 2:
        # Of two opposite vectors take the one whose pattern has its first bit set, so that more patterns coincide.
        negate = (table[:, 0] & np.uint64(1)) == 0
        table[negate] = ~table[negate] & mask
        vectors[negate] = (1 << fan_in) - 1 - vectors[negate]
    order = np.lexsort((vectors, *table.T))
    table = table[order]
    is_new = np.concatenate([[True], np.any(table[1:] != table[:-1], axis=1)])
    starts = np.append(np.flatnonzero(is_new), len(table))
    return _Patterns(table[is_new], vectors[order], starts)
