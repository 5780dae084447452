"""Exhaustive search over weights, in the space of activation patterns.

A neuron matters only through its activation pattern, one bit per sample. So the search runs over patterns:

- first-layer weight vectors with equal patterns are merged, and their number is kept as a multiplicity;
- negating all incoming and outgoing weights of a hidden neuron of odd fan-in changes nothing, so only one of each pair
  of opposite vectors is searched;
- hidden neurons of one layer can be permuted, so only multisets of patterns are searched;
- given the last hidden layer, every output finds its best weights on its own.

The ancillas of a QUBO play no part: for given weights a forward pass gives the best ones.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.ground_truth import kernel
from bnnbench.ground_truth.truth import Truth
from bnnbench.network import Network
from bnnbench.problem import Problem


def num_evaluations(network: Network) -> int:
    """Upper bound on the number of output neurons that the search evaluates."""
    states = 1
    for layer in range(1, network.num_layers):
        vectors = _num_representatives(network.fan_in(layer))
        states *= math.comb(vectors + network.widths[layer] - 1, network.widths[layer])
    return states * network.num_outputs << network.fan_in(network.num_layers)


def search(problem: Problem, *, max_optima: int = 1000) -> Truth:
    """Search all weight settings of a problem.

    Returns
    -------
    Truth
        Of kind ``exhaustive``, with the exact number of optimal settings, and the settings up to a cap.
    """
    start = time.perf_counter()
    network = problem.network
    inputs = pack(problem.inputs.T)
    mask = pack(np.ones((1, problem.num_samples), dtype=np.int8))[0]
    targets = pack(problem.targets.T)
    first = np.vstack([inputs, mask[None]]) if network.bias else inputs

    patterns = _first_layer(network, first, mask)
    errors, margin, unit = integer_prices(problem)
    sizes = np.array([_num_representatives(network.fan_in(layer)) for layer in range(1, network.num_layers)] or [0])
    if network.num_layers > 1:
        sizes[0] = len(patterns.words)
    odd = np.array([network.fan_in(layer) % 2 for layer in range(1, network.num_layers)] or [0])
    best, count, num_states, states = kernel.search(
        np.array(network.widths),
        int(network.bias),
        first,
        mask,
        targets,
        patterns.words,
        np.diff(patterns.starts),
        sizes,
        odd,
        errors,
        margin,
        max_optima,
    )
    settings = itertools.chain.from_iterable(
        _settings(problem, state, patterns, max_optima) for state in states[:num_states]
    )
    optima = np.array(list(itertools.islice(settings, max_optima)), dtype=np.int8)
    return Truth(
        problem_hash=problem.hash,
        loss=float(best) * unit,
        kind="exhaustive",
        method="exhaustive search over activation patterns",
        optima=optima[np.lexsort(optima.T[::-1])],
        num_optima=int(count),
        seconds=time.perf_counter() - start,
    )


def pack(spins: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Pack rows of ±1 over samples into 64-bit words: (rows, N) → (rows, ⌈N/64⌉); +1 is a set bit, padding is 0."""
    rows, num_samples = spins.shape
    padded = np.zeros((rows, -(-num_samples // 64) * 64), dtype=np.uint8)
    padded[:, :num_samples] = spins > 0
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _num_representatives(fan_in: int) -> int:
    """Weight vectors of a hidden neuron, up to negation where the fan-in is odd."""
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


def _first_layer(network: Network, inputs: NDArray[np.uint64], mask: NDArray[np.uint64]) -> _Patterns:
    if network.num_layers == 1:
        return _Patterns(inputs[:0], np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    fan_in = network.fan_in(1)
    table = kernel.pattern_table(inputs, _num_representatives(fan_in), mask)
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


def _settings(problem: Problem, state: NDArray[np.int64], patterns: _Patterns, cap: int) -> Iterator[NDArray[np.int8]]:
    """Weight settings behind one optimal state: merged vectors × best outputs × arrangements × signs.

    All of them, or at least `cap`.
    """
    network = problem.network
    hidden = range(1, network.num_layers)
    chosen = np.split(state, np.cumsum([network.widths[layer] for layer in hidden]))[:-1]
    choices = [
        patterns.behind(vector)[:cap] if layer == 1 else [vector]
        for layer in hidden
        for vector in chosen[layer - 1].tolist()
    ]
    moves = [
        list(itertools.islice(_moves(tuple(chosen[layer - 1].tolist()), odd=network.fan_in(layer) % 2 == 1), cap))
        for layer in hidden
    ]
    outputs = _best_outputs(problem, choices, cap)
    for vectors in itertools.product(*choices, *outputs):
        weights = _weights(network, vectors)
        for move in itertools.product(*moves):
            moved = weights.copy()
            for layer, (arrangement, signs) in zip(hidden, move, strict=True):
                lower, upper = network.layer_weights(moved, layer), network.layer_weights(moved, layer + 1)
                lower[:] = lower[arrangement] * signs[:, None]
                width = network.widths[layer]
                upper[:, :width] = upper[:, arrangement] * signs
            yield moved


def _moves(chosen: tuple[int, ...], *, odd: bool) -> Iterator[tuple[list[int], NDArray[np.int8]]]:
    """Distinct arrangements of a layer's neurons, each as a list of places, times all signs where they are free."""
    for arrangement in _arrangements(chosen, tuple(range(len(chosen)))):
        for signs in itertools.product((1, -1), repeat=len(chosen)) if odd else [(1,) * len(chosen)]:
            yield arrangement, np.array(signs, dtype=np.int8)


def _arrangements(chosen: tuple[int, ...], places: tuple[int, ...]) -> Iterator[list[int]]:
    if not places:
        yield []
    for first in {chosen[place]: place for place in reversed(places)}.values():
        for rest in _arrangements(chosen, tuple(place for place in places if place != first)):
            yield [first, *rest]


def _best_outputs(problem: Problem, choices: list[list[int]], cap: int) -> list[list[int]]:
    """For each output the weight vectors of least loss, given the vectors of all hidden neurons."""
    network = problem.network
    fan_in = network.fan_in(network.num_layers)
    vectors = [choice[0] for choice in choices] + [0] * network.num_outputs
    activations = problem.inputs
    if network.num_layers > 1:
        z = network.layers(_weights(network, vectors), problem.inputs)[-2]
        activations = np.where(z >= 0, 1, -1).astype(np.int8)
    rows = np.vstack([activations.T, np.ones((int(network.bias), problem.num_samples), dtype=np.int8)])
    mask = pack(np.ones((1, problem.num_samples), dtype=np.int8))[0]
    errors, margin, _ = integer_prices(problem)
    best = []
    for target in pack(problem.targets.T):
        losses = np.empty(1 << fan_in, dtype=np.int64)
        kernel.neuron_losses(pack(rows), mask, target, errors, margin, losses)
        best.append(np.flatnonzero(losses == losses.min())[:cap].tolist())
    return best


def _weights(network: Network, vectors: Sequence[int]) -> NDArray[np.int8]:
    """Weight vector of a network whose neurons have the given vectors; bit i of a vector is the weight of input i."""
    fan_ins = [
        network.fan_in(layer) for layer in range(1, network.num_layers + 1) for _ in range(network.widths[layer])
    ]
    bits = [vector >> place & 1 for vector, fan_in in zip(vectors, fan_ins, strict=True) for place in range(fan_in)]
    return (2 * np.array(bits, dtype=np.int8) - 1).astype(np.int8)


def integer_prices(problem: Problem) -> tuple[int, int, float]:
    """Prices of an error and of a unit of margin as whole numbers, and their unit; prices are powers of two."""
    price = problem.loss_weights
    unit = price.margin or price.errors
    return int(price.errors / unit), int(price.margin / unit), unit
