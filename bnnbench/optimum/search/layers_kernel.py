"""The kernel of the search layer by layer, see `bnnbench.optimum.search.layers`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.bits import Counts, counts_for, fill_neuron_losses, fill_pattern_table
from bnnbench.optimum.search.compiled import copy, kernel, part
from bnnbench.optimum.search.tally import Ask, Kept, accept, is_stopped

_WIDEST = 14
"""Wider layers have no bound: a table of their activations would cost more than it saves."""


class DeepProblem(NamedTuple):
    """A training problem over activation patterns.

    Parameters
    ----------
    inputs
        Input patterns, bias last: uint64 (m_1, words).
    mask
        The pattern of all samples: uint64 (words,).
    targets, planes
        Targets, and weights of the samples: uint64 (outputs, words) and (outputs, bits, words).
    row_targets, row_weights
        The same by sample: (D, outputs).
    patterns, multiplicities
        Distinct patterns of a first-layer neuron, uint64 (P, words), and how many vectors each has, int64 (P,).
    sizes
        Number of choices for a neuron of each hidden layer.
    odd_above
        By layer, whether the network above it is an odd function.
    errors, margin
        Price of an error, and of a product that disagrees with the target.
    """

    widths: NDArray[np.int64]
    bias: int
    inputs: NDArray[np.uint64]
    mask: NDArray[np.uint64]
    targets: NDArray[np.uint64]
    planes: NDArray[np.uint64]
    row_targets: NDArray[np.int8]
    row_weights: NDArray[np.int64]
    patterns: NDArray[np.uint64]
    multiplicities: NDArray[np.int64]
    sizes: NDArray[np.int64]
    odd_above: NDArray[np.bool_]
    total_weight: int
    errors: int
    margin: int


class Memory(NamedTuple):
    """The state of the search: the choice of each hidden neuron (a *slot*), and what follows from the choices."""

    layer_of: NDArray[np.int64]
    neuron_of: NDArray[np.int64]
    choice: NDArray[np.int64]
    activations: NDArray[np.uint64]
    losses: NDArray[np.int64]
    least: NDArray[np.int64]
    tally: NDArray[np.int64]
    codes: NDArray[np.int64]
    tables: NDArray[np.uint64]
    starts: NDArray[np.int64]
    counts: Counts
    partial: NDArray[np.int64]
    combined: NDArray[np.int64]


def memory_of(problem: DeepProblem, num_levels: int) -> Memory:
    """Return the memory of a search that has not begun, for a spectrum of this length."""
    widths, num_layers = problem.widths, len(problem.widths) - 1
    hidden = range(1, num_layers)
    # Activations of every hidden layer, with a constant +1 after them for the bias.
    activations = np.zeros((num_layers, widths.max() + 1, len(problem.mask)), np.uint64)
    for layer in hidden:
        activations[layer, widths[layer]] = problem.mask
    layer_of = np.repeat(hidden, widths[1:num_layers])
    num_outputs = widths[num_layers]
    starts = np.concatenate([[0, 0], np.cumsum(problem.sizes[1:])])  # by layer − 1: the first has no table here
    return Memory(
        layer_of,
        np.concatenate([np.arange(widths[layer]) for layer in hidden]),
        np.full(len(layer_of), -1),
        activations,
        np.empty((num_outputs, 1 << (widths[num_layers - 1] + problem.bias)), np.int64),
        np.empty(num_outputs, np.int64),
        np.zeros((1 << min(widths.max(), _WIDEST), num_outputs), np.int64),
        np.zeros(len(problem.row_targets), np.int64),
        np.empty((starts[-1], len(problem.mask)), np.uint64),
        starts,
        counts_for(int(widths[1:num_layers].max()) + problem.bias, len(problem.mask)),
        np.zeros(num_levels, np.int64),
        np.zeros(num_levels, np.int64),
    )


@kernel
def search_layers(
    problem: DeepProblem, ask: Ask, kept: Kept, memory: Memory, primes: NDArray[Any], spectrum: NDArray[Any]
) -> bool:
    """Search all multisets of patterns, layer by layer, depth first; return whether the search came to its end.

    States are the choices of all hidden neurons. A `spectrum` that is not empty is filled with the number of settings
    by loss, but for signs; then there is no other result.
    """
    layer_of, neuron_of, choice = memory.layer_of, memory.neuron_of, memory.choice
    num_hidden = len(problem.widths) - 2
    choice[0] = ask.first - ask.step
    ask.progress[1] = problem.sizes[0]
    slot = 0
    while slot >= 0:
        layer, neuron = layer_of[slot], neuron_of[slot]
        choice[slot] += ask.step if slot == 0 else 1
        if slot == 0:
            ask.progress[0] = min(choice[0], problem.sizes[0])
        if choice[slot] >= problem.sizes[layer - 1]:
            slot -= 1
            continue
        if layer == 1:
            copy(problem.patterns[choice[slot]], memory.activations[layer, neuron])
        else:
            copy(memory.tables[memory.starts[layer - 1] + choice[slot]], memory.activations[layer, neuron])
        if neuron + 1 < problem.widths[layer]:
            slot += 1
            choice[slot] = choice[slot - 1] - 1  # not below the neuron before: multisets, not tuples
            continue
        if is_stopped(ask, kept):
            return False
        if not len(spectrum) and _is_hopeless(problem, kept, memory, layer):
            continue
        if layer < num_hidden:
            below = memory.activations[layer, : problem.widths[layer] + problem.bias]
            table = memory.tables[memory.starts[layer] : memory.starts[layer + 1]]
            fill_pattern_table(below, problem.mask, memory.counts, table)
            slot += 1
            choice[slot] = -1
        elif _finish(problem, ask, kept, memory, primes, spectrum):
            return True
    return True


@part
def _is_hopeless(problem: DeepProblem, kept: Kept, memory: Memory, layer: int) -> bool:
    """Return whether samples that a layer does not tell apart cost more than θ already."""
    width = problem.widths[layer]
    if not problem.errors or width > _WIDEST:
        return False
    told = _told_apart(
        memory.activations[layer], width, problem.odd_above[layer], problem.row_targets, problem.row_weights,
        memory.codes, memory.tally,
    )  # fmt: skip
    bound = problem.errors * ((problem.total_weight - told) // 2)
    if bound > kept.tally.theta:
        kept.tally.guess = min(kept.tally.guess, bound)
        return True
    return False


@part
def _finish(
    problem: DeepProblem, ask: Ask, kept: Kept, memory: Memory, primes: NDArray[Any], spectrum: NDArray[Any]
) -> bool:
    """Choose the outputs, each by itself; return whether the search has found what is as good as any can be."""
    last = len(problem.widths) - 2
    below = memory.activations[last, : problem.widths[last] + problem.bias]
    total = np.int64(0)
    for output in range(len(problem.targets)):
        least = fill_neuron_losses(
            below, problem.targets[output], problem.planes[output], problem.errors, problem.margin, memory.counts,
            memory.losses[output],
        )  # fmt: skip
        memory.least[output] = least
        total += least
    if len(spectrum):
        _add_to_spectrum(memory, _behind(memory, problem.multiplicities), spectrum)
        return False
    if total > kept.tally.theta:
        kept.tally.guess = min(kept.tally.guess, total)
        return False
    if ask.counting:
        _count(problem, memory, primes, kept.residues)
    return accept(ask, kept, memory.choice, total)


@part
def _count(problem: DeepProblem, memory: Memory, primes: NDArray[Any], residues: NDArray[Any]) -> None:
    """Add the settings behind a state, but for signs, modulo each prime."""
    for index in range(len(primes)):
        prime = primes[index]
        term, run = np.int64(1), np.int64(1)
        for slot in range(len(memory.choice)):
            neuron, choice = memory.neuron_of[slot], memory.choice[slot]
            run = run + 1 if neuron > 0 and choice == memory.choice[slot - 1] else np.int64(1)
            # (neuron + 1)! / Π runs!, one factor after another: division is multiplication by an inverse.
            term = term * (neuron + 1) % prime * _inverse(run, prime) % prime
            if memory.layer_of[slot] == 1:
                term = term * (problem.multiplicities[choice] % prime) % prime
        for output in range(len(problem.targets)):
            ways, least = np.int64(0), memory.least[output]
            for loss in memory.losses[output]:
                ways += loss == least
            term = term * (ways % prime) % prime
        residues[index] = (residues[index] + term) % prime


@kernel
def _inverse(number: int, prime: int) -> int:
    """Return the inverse modulo a prime, by Fermat's little theorem."""
    result, base, exponent = np.int64(1), np.int64(number), prime - 2
    if number == 1:
        return result
    while exponent:
        if exponent & 1:
            result = result * base % prime
        base = base * base % prime
        exponent >>= 1
    return result


@kernel
def _told_apart(
    activations: NDArray[Any],
    width: int,
    is_odd: bool,
    targets: NDArray[Any],
    weights: NDArray[Any],
    codes: NDArray[Any],
    tally: NDArray[Any],
) -> int:
    """Sum |Σ weight · target| over outputs and distinct activations; `tally` is 0 before and after."""
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


@part
def _behind(memory: Memory, multiplicities: NDArray[Any]) -> int:
    """Return how many settings of the hidden layers are behind a state, but for signs."""
    behind, run = np.int64(1), np.int64(1)
    for slot in range(len(memory.choice)):
        neuron, choice = memory.neuron_of[slot], memory.choice[slot]
        run = run + 1 if neuron > 0 and choice == memory.choice[slot - 1] else np.int64(1)
        # Exact in this order: after each neuron, behind is the number of arrangements of the layer so far.
        behind = behind * (neuron + 1) // run
        if memory.layer_of[slot] == 1:
            behind *= multiplicities[choice]
    return behind


@kernel
def _add_to_spectrum(memory: Memory, behind: int, spectrum: NDArray[Any]) -> None:
    """Add the losses of all output weights: a convolution over the outputs."""
    partial, combined = memory.partial, memory.combined
    partial[0] = behind
    reach = np.int64(0)
    for output in range(len(memory.losses)):
        most = np.int64(0)
        for loss in memory.losses[output]:
            most = max(most, loss)
            for level in range(reach + 1):
                combined[level + loss] += partial[level]
        reach += most
        for level in range(reach + 1):
            partial[level], combined[level] = combined[level], np.int64(0)
    for level in range(reach + 1):
        spectrum[level] += partial[level]
        partial[level] = np.int64(0)
