"""The kernel of the search layer by layer, see `bnnbench.optimum.search.layers`."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.bits import neuron_losses, pattern_table
from bnnbench.optimum.search.hidden_layer_kernel import NEVER

_WIDEST = 14
"""Wider layers have no bound: a table of their activations would cost more than it saves."""


@numba.njit(cache=True, nogil=True)
def search_layers(
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
            told = _told_apart(
                activations[layer], widths[layer], odd_above[layer], row_targets, row_weights, codes, tally
            )
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
