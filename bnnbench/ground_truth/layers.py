"""Networks of any depth: hidden layers one after another, as multisets of activation patterns.

A neuron matters only through its activation pattern, one bit per sample. First-layer weight vectors with equal patterns
are merged. Negating all incoming and outgoing weights of a neuron of odd fan-in changes nothing, so that only one of
each pair of opposite patterns is searched; neurons of a layer can be permuted, so that only multisets are. Given the
last hidden layer, every output finds its best weights on its own.

**Bound.** Samples that a layer maps to the same activations can not be told apart by what is above it: of their targets
the minority is wrong. If the network above is odd, that holds for opposite activations too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bnnbench.ground_truth import bits
from bnnbench.ground_truth.bits import neuron_losses, pattern_table
from bnnbench.ground_truth.counting import primes_for
from bnnbench.ground_truth.cover import NEVER
from bnnbench.ground_truth.merge import Merged
from bnnbench.ground_truth.space import Found, Query, arrangements, spins
from bnnbench.network import Network

_SPLITS = 16
_WIDEST = 14
"""Wider layers have no bound: a table of their activations would cost more than it saves."""


def num_evaluations(network: Network) -> int:
    """Upper bound on the number of output neurons that the search evaluates."""
    states = 1
    for layer in range(1, network.num_layers):
        vectors = _num_representatives(network.fan_in(layer))
        states *= math.comb(vectors + network.widths[layer] - 1, network.widths[layer])
    return states * network.num_outputs << network.fan_in(network.num_layers)


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
        return self.vectors[self.starts[pattern] : self.starts[pattern + 1]].tolist()


class Layers:
    """The space of a network with hidden layers; see `bnnbench.ground_truth.space.Space`."""

    method = "layer by layer over activation patterns"

    def __init__(self, merged: Merged) -> None:
        self._merged = merged
        network = merged.network
        self._hidden = range(1, network.num_layers)
        ones = np.ones((1, len(merged.inputs)), dtype=np.int8)
        self._mask = np.ascontiguousarray(bits.pack(ones)[0])
        self._inputs = bits.pack(np.vstack([merged.inputs.T, ones]) if network.bias else merged.inputs.T)
        self._targets, self._planes = bits.pack(merged.targets.T), bits.planes(merged.weights.T)
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
        self.num_tasks = _SPLITS if self.num_states > 10**5 else 1

    @property
    def num_states(self) -> int:
        """Multisets of patterns of all hidden layers."""
        widths = self._merged.network.widths
        return math.prod(
            math.comb(int(size) + widths[layer] - 1, widths[layer])
            for layer, size in zip(self._hidden, self._sizes, strict=True)
        )

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        """Search the choices of the first neuron that belong to a task."""
        loss, residues, num_states, states, nodes, guess, finished = self._search(
            task, query, np.zeros(0, dtype=np.int64), progress
        )
        return Found(loss, residues, states[:num_states], nodes, guess, finished)

    def spectrum(self) -> dict[int, int]:
        """Number of weight settings by loss above the base; for networks of at most 62 weights."""
        shared = np.array([NEVER, 0], dtype=np.int64)
        query = Query(NEVER, 0, counting=True, node_limit=NEVER, cap=0, shared=shared)
        total = np.zeros(self._merged.ceiling + 1, dtype=np.int64)
        for task in range(self.num_tasks):
            self._search(task, query, total, np.zeros(2, dtype=np.int64))
        return {int(loss): int(total[loss]) * self.factor for loss in np.flatnonzero(total)}

    def _search(self, task: int, query: Query, spectrum: NDArray[np.int64], progress: NDArray[np.int64]) -> Any:
        merged = self._merged
        return _search(
            np.array(merged.network.widths), int(merged.network.bias), self._inputs, self._mask, self._targets,
            self._planes, merged.targets, merged.weights, self._patterns.words, self._multiplicities, self._sizes,
            self._odd_above, merged.errors, merged.margin, query.theta, query.floor, task, self.num_tasks,
            query.counting, query.node_limit, self.primes, query.cap, spectrum, query.shared, progress,
        )  # fmt: skip

    def settings(self, task: int, state: NDArray[np.int64]) -> Iterator[NDArray[np.int8]]:  # noqa: ARG002
        """All weight settings behind a state: merged vectors × best outputs × arrangements × signs."""
        network = self._merged.network
        chosen = np.split(state, np.cumsum([network.widths[layer] for layer in self._hidden]))[:-1]
        choices = [
            self._patterns.behind(vector) if layer == 1 else [vector]
            for layer in self._hidden
            for vector in chosen[layer - 1].tolist()
        ]
        choices += self._best_outputs([choice[0] for choice in choices])
        lengths = [network.fan_in(layer) for layer in range(1, network.num_layers + 1) for _ in range(network.widths[layer])]
        moves = [
            lambda layer=layer: _moves(chosen[layer - 1].tolist(), odd=network.fan_in(layer) % 2 == 1)
            for layer in self._hidden
        ]
        for vectors in itertools.product(*choices):
            weights = np.concatenate([spins(vector, length) for vector, length in zip(vectors, lengths, strict=True)])
            for move in _product(moves):
                moved = weights.copy()
                for layer, (arrangement, signs) in zip(self._hidden, move, strict=True):
                    lower, upper = network.layer_weights(moved, layer), network.layer_weights(moved, layer + 1)
                    lower[:] = lower[arrangement] * signs[:, None]
                    width = network.widths[layer]
                    upper[:, :width] = upper[:, arrangement] * signs
                yield moved

    def _best_outputs(self, hidden: list[int]) -> list[list[int]]:
        """For each output the weight vectors of least loss, given the vectors of all hidden neurons."""
        merged = self._merged
        network = merged.network
        lengths = [network.fan_in(layer) for layer in self._hidden for _ in range(network.widths[layer])]
        weights = [spins(vector, length) for vector, length in zip(hidden, lengths, strict=True)]
        fan_in = network.fan_in(network.num_layers)
        weights.append(np.ones(network.num_outputs * fan_in, dtype=np.int8))
        z = network.layers(np.concatenate(weights), merged.inputs)[-2]
        rows = np.vstack([np.where(z >= 0, 1, -1).T, np.ones((int(network.bias), len(z)))]).astype(np.int8)
        best = []
        for target, planes in zip(self._targets, self._planes, strict=True):
            losses = np.empty(1 << fan_in, dtype=np.int64)
            neuron_losses(bits.pack(rows), target, planes, merged.errors, merged.margin, losses)
            best.append(np.flatnonzero(losses == losses.min()).tolist())
        return best


def _product(makers: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Cartesian product that makes its factors anew instead of keeping them: they can be as long as 2^width · width!."""
    if not makers:
        yield ()
        return
    for first in makers[0]():
        for rest in _product(makers[1:]):
            yield (first, *rest)


def _moves(chosen: list[int], *, odd: bool) -> Iterator[tuple[list[int], NDArray[np.int8]]]:
    """Distinct arrangements of a layer's neurons, each as a list of places, times all signs where they are free."""
    for arrangement in arrangements(chosen):
        for signs in itertools.product((1, -1), repeat=len(chosen)) if odd else [(1,) * len(chosen)]:
            yield arrangement, np.array(signs, dtype=np.int8)


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


@numba.njit(cache=True, nogil=True)
def _search(
    widths: NDArray[Any],
    bias: int,
    inputs: NDArray[Any],
    mask: NDArray[Any],
    targets: NDArray[Any],
    planes: NDArray[Any],
    row_targets: NDArray[Any],
    row_weights: NDArray[Any],
    patterns: NDArray[Any],
    multiplicities: NDArray[Any],
    sizes: NDArray[Any],
    odd_above: NDArray[Any],
    errors: int,
    margin: int,
    theta: int,
    floor: int,
    first: int,
    step: int,
    counting: bool,
    node_limit: int,
    primes: NDArray[Any],
    cap: int,
    spectrum: NDArray[Any],
    shared: NDArray[Any],
    progress: NDArray[Any],
) -> tuple[int, NDArray[Any], int, NDArray[Any], int, int, bool]:
    """Search all multisets of patterns, layer by layer, depth first.

    Parameters
    ----------
    inputs
        Input patterns, bias last, (m_1, words).
    targets, planes
        Targets, and weights of the samples: (outputs, words) and (outputs, bits, words).
    row_targets, row_weights
        The same by sample: (D, outputs).
    patterns, multiplicities
        Distinct patterns of a first-layer neuron, (P, words), and how many vectors each has, (P,).
    sizes
        Number of choices for a neuron of each hidden layer.
    odd_above
        By layer, whether the network above it is an odd function.
    spectrum
        If not empty, filled with the number of settings by loss, but for signs; then there is no other result.

    Returns
    -------
    tuple
        Least loss, residues of the number of settings that reach it, but for signs, number of states kept, the states
        (choices of all hidden neurons, (cap, hidden neurons)), nodes, a guess of the next loss worth trying, whether
        the search came to its end.
    """
    num_layers = len(widths) - 1
    num_words = inputs.shape[1]
    num_outputs = widths[num_layers]
    num_slots = 0
    for layer in range(1, num_layers):
        num_slots += widths[layer]
    slot_layer, slot_neuron = np.empty(num_slots, np.int64), np.empty(num_slots, np.int64)
    slot = 0
    for layer in range(1, num_layers):
        for neuron in range(widths[layer]):
            slot_layer[slot], slot_neuron[slot] = layer, neuron
            slot += 1

    # Activations of every hidden layer, with a constant +1 after them for the bias.
    activations = np.zeros((num_layers, widths.max() + 1, num_words), dtype=np.uint64)
    for layer in range(1, num_layers):
        activations[layer, widths[layer]] = mask
    tables = [patterns for _ in range(num_layers)]
    choice = np.full(num_slots, -1, np.int64)
    losses = np.empty(1 << (widths[num_layers - 1] + bias), dtype=np.int64)
    all_losses = np.empty((num_outputs, len(losses)), dtype=np.int64)
    states = np.empty((cap, num_slots), dtype=np.int64)
    residues = np.zeros(len(primes), np.int64)
    tally = np.zeros((1 << min(widths.max(), _WIDEST), num_outputs), np.int64)
    codes = np.zeros(len(row_targets), np.int64)
    total_weight = row_weights.sum()
    best, num_states, nodes, guess = np.int64(NEVER), np.int64(0), np.int64(0), np.int64(NEVER)

    choice[0] = first - step
    progress[1] = sizes[0]
    slot = 0
    while slot >= 0:
        layer, neuron = slot_layer[slot], slot_neuron[slot]
        choice[slot] += step if slot == 0 else 1
        if slot == 0:
            progress[0] = min(choice[0], sizes[0])
        if choice[slot] >= sizes[layer - 1]:
            slot -= 1
            continue
        picked = choice[slot]
        for word in range(num_words):
            activations[layer, neuron, word] = tables[layer - 1][picked, word]
        if neuron + 1 < widths[layer]:
            slot += 1
            choice[slot] = picked - 1  # not below the neuron before: multisets, not tuples
            continue
        nodes += 1
        if shared[1] or nodes > node_limit:
            return best, residues, num_states, states, nodes, guess, False
        if not counting:
            theta = min(theta, shared[0] - 1)
        if errors and widths[layer] <= _WIDEST and not len(spectrum):
            told = _told_apart(activations[layer], widths[layer], odd_above[layer], row_targets, row_weights, codes, tally)
            bound = errors * ((total_weight - told) // 2)
            if bound > theta:
                guess = min(guess, bound)
                continue
        below = activations[layer, : widths[layer] + bias]
        if layer + 1 < num_layers:
            tables[layer] = pattern_table(below, sizes[layer], mask)
            slot += 1
            choice[slot] = -1
            continue

        total = np.int64(0)
        for output in range(num_outputs):
            neuron_losses(below, targets[output], planes[output], errors, margin, all_losses[output])
            total += all_losses[output].min()
        if len(spectrum):
            _add_to_spectrum(all_losses, _behind(choice, slot_layer, slot_neuron, multiplicities), spectrum)
            continue
        if total > theta:
            guess = min(guess, total)
            continue
        best = min(best, total)
        if counting:
            for index in range(len(primes)):
                term = np.int64(1)
                run = np.int64(1)
                for s in range(num_slots):
                    is_same = slot_neuron[s] > 0 and choice[s] == choice[s - 1]
                    run = run + 1 if is_same else np.int64(1)
                    # (neuron + 1)! / Π runs!, one factor after another: division is multiplication by an inverse.
                    term = term * (slot_neuron[s] + 1) % primes[index] * _inverse(run, primes[index]) % primes[index]
                    if slot_layer[s] == 1:
                        term = term * (multiplicities[choice[s]] % primes[index]) % primes[index]
                for output in range(num_outputs):
                    ways = np.int64(0)
                    least = all_losses[output].min()
                    for loss in all_losses[output]:
                        ways += loss == least
                    term = term * ways % primes[index]
                residues[index] = (residues[index] + term) % primes[index]
        else:
            theta = total - 1
            shared[0] = min(shared[0], total)
            num_states = 0
        if num_states < cap:
            states[num_states] = choice
            num_states += 1
        if not counting and total <= floor:
            return best, residues, num_states, states, nodes, guess, True
    return best, residues, num_states, states, nodes, guess, True


@numba.njit(cache=True, nogil=True)
def _inverse(number: int, prime: int) -> int:
    """Inverse modulo a prime, by Fermat's little theorem."""
    result, base, exponent = np.int64(1), np.int64(number), prime - 2
    if number == 1:
        return result
    while exponent:
        if exponent & 1:
            result = result * base % prime
        base = base * base % prime
        exponent >>= 1
    return result


@numba.njit(cache=True, nogil=True)
def _told_apart(
    activations: NDArray[Any],
    width: int,
    is_odd: bool,
    targets: NDArray[Any],
    weights: NDArray[Any],
    codes: NDArray[Any],
    tally: NDArray[Any],
) -> int:
    """Sum over outputs and distinct activations of |Σ weight · target|; `tally` is 0 before and after."""
    num_rows, num_outputs = targets.shape
    full = (1 << width) - 1
    for row in range(num_rows):
        word, bit = row >> 6, np.uint64(row & 63)
        code = 0
        for neuron in range(width):
            code |= np.int64((activations[neuron, word] >> bit) & np.uint64(1)) << neuron
        sign = 1
        if is_odd and code >> (width - 1):
            code, sign = full ^ code, -1
        codes[row] = code
        for output in range(num_outputs):
            tally[code, output] += sign * targets[row, output] * weights[row, output]
    told = np.int64(0)
    for row in range(num_rows):
        for output in range(num_outputs):
            told += abs(tally[codes[row], output])
            tally[codes[row], output] = 0
    return told


@numba.njit(cache=True, nogil=True)
def _behind(
    choice: NDArray[Any], slot_layer: NDArray[Any], slot_neuron: NDArray[Any], multiplicities: NDArray[Any]
) -> int:
    """How many settings of the hidden layers are behind a state, but for signs."""
    behind, run = np.int64(1), np.int64(1)
    for s in range(len(choice)):
        run = run + 1 if slot_neuron[s] > 0 and choice[s] == choice[s - 1] else np.int64(1)
        # Exact in this order: after each neuron, behind is the number of arrangements of the layer so far.
        behind = behind * (slot_neuron[s] + 1) // run
        if slot_layer[s] == 1:
            behind *= multiplicities[choice[s]]
    return behind


@numba.njit(cache=True, nogil=True)
def _add_to_spectrum(all_losses: NDArray[Any], behind: int, spectrum: NDArray[Any]) -> None:
    """Add the losses of all output weights: a convolution over the outputs, and the last one straight into the sum."""
    num_outputs = all_losses.shape[0]
    if num_outputs == 1:
        for loss in all_losses[0]:
            spectrum[loss] += behind
        return
    partial = np.zeros(len(spectrum), np.int64)
    partial[0] = behind
    reach = np.int64(0)
    for output in range(num_outputs):
        combined = np.zeros(len(spectrum), np.int64)
        for loss in all_losses[output]:
            for level in range(reach + 1):
                if partial[level]:
                    combined[level + loss] += partial[level]
        reach += all_losses[output].max()
        partial = combined
    spectrum += partial
