r"""Simulated annealing of the weights of one or two layers, a flip for a few word operations; compiled by numba.

A neuron of fan-in m with agreement count s and threshold T = ⌈m/2⌉ has the activation [s ≥ T]. A flip of one weight
moves s by one in every sample: down where weight and input agree, up elsewhere. So the activation changes exactly
where they agree and s = T, and where they disagree and s = T − 1. Both sets of samples are kept as bits, 64 samples to
a word: what a flip would change is known without changing anything. Only an accepted flip moves the counts, which are
bit-sliced: bit b of the counts of 64 samples is one word.

References
----------
S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47, 2021: xoroshiro128+.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search import bits
from bnnbench.optimum.search.bits import popcount, weigh
from bnnbench.optimum.search.compiled import copy, kernel, part
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.problem.network import Network

MAX_LAYERS = 2
_TABLE = 32
"""Increases of the loss whose chance is looked up; that of larger ones is computed."""


class Neurons(NamedTuple):
    """A layer, as the kernel keeps it. Bits of samples are words of 64.

    Attributes
    ----------
    counts
        Agreement counts, bit-sliced: (neurons, bits, words).
    at, below
        Samples with s = T and with s = T − 1, (neurons, words).
    active
        Samples with s ≥ T, (neurons, words).
    weights
        ±1, int8 of shape (neurons, fan-in).
    """

    counts: NDArray[np.uint64]
    at: NDArray[np.uint64]
    below: NDArray[np.uint64]
    active: NDArray[np.uint64]
    weights: NDArray[np.int8]


class Task(NamedTuple):
    """The training task: input patterns, targets, weights of samples as planes, prices of errors and of margin."""

    inputs: NDArray[np.uint64]
    mask: NDArray[np.uint64]
    targets: NDArray[np.uint64]
    planes: NDArray[np.uint64]
    errors: int
    margin: int


class Chances(NamedTuple):
    """Chances of accepting an increase of the loss.

    Attributes
    ----------
    table
        Of an increase by 0, 1, …, as thresholds of 32 random bits, uint64 of shape (sweeps, `_TABLE`).
    rates
        Inverse temperatures, (sweeps,).
    """

    table: NDArray[np.uint64]
    rates: NDArray[np.float64]


class Run(NamedTuple):
    """The state of an anneal: generator (2,), loss now and best (2,), and the best weights (num_weights,)."""

    state: NDArray[np.uint64]
    losses: NDArray[np.int64]
    best: NDArray[np.int8]


def make_task(distinct: DistinctSamples) -> Task:
    """Pack a problem of merged samples; a bias is one more input that is always +1."""
    mask = bits.pack(np.ones((1, len(distinct.inputs)), dtype=np.int8))
    inputs = bits.pack(distinct.inputs.T)
    return Task(
        np.concatenate([inputs, mask]) if distinct.network.bias else inputs,
        mask[0],
        bits.pack(distinct.targets.T),
        bits.planes(distinct.weights.T),
        distinct.errors,
        distinct.margin,
    )


def make_neurons(width: int, fan_in: int, num_words: int) -> Neurons:
    """Make an empty layer."""
    at, below, active = (np.zeros((width, num_words), dtype=np.uint64) for _ in range(3))
    counts = np.zeros((width, int(fan_in).bit_length(), num_words), dtype=np.uint64)
    return Neurons(counts, at, below, active, np.ones((width, fan_in), dtype=np.int8))


def anneal_flips(
    task: Task,
    network: Network,
    num_reads: int,
    temperatures: NDArray[np.float64],
    seed: int,
    *,
    ends_at_base: bool = False,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Anneal from random weights; return the best weights of each read, (num_reads, num_weights), and their losses.

    Parameters
    ----------
    network
        Of at most `MAX_LAYERS` layers.
    temperatures
        One per sweep, in the units of the prices.
    ends_at_base
        Whether an anneal ends as soon as it has a loss that no setting avoids.
    """
    num_words, widths = len(task.mask), network.widths
    num_hidden = widths[1] if network.num_layers == 2 else 0
    hidden = make_neurons(num_hidden, network.fan_in(1), num_words)
    output = make_neurons(network.num_outputs, network.fan_in(network.num_layers), num_words)
    below = task.inputs
    if num_hidden:
        below = np.tile(task.mask, (network.fan_in(2), 1))  # the bias stays, the rest are activations
    weights = np.empty((num_reads, network.num_weights), dtype=np.int8)
    losses = np.empty(num_reads, dtype=np.int64)
    run = Run(seeded(seed), np.zeros(2, np.int64), np.empty(network.num_weights, np.int8))
    _anneal(task, hidden, output, below, _chances(temperatures), run, ends_at_base, weights, losses)
    return weights, losses


def _chances(temperatures: NDArray[np.float64]) -> Chances:
    increases = np.arange(_TABLE)[None, :]
    table = np.exp(-increases / temperatures[:, None]) * 2.0**32
    return Chances(table.astype(np.uint64), 1 / temperatures)


@part
def next_word(state: NDArray[Any]) -> Any:
    """64 random bits of xoroshiro128+."""
    a, b = state[0], state[1]
    result = a + b
    b ^= a
    state[0] = ((a << np.uint64(24)) | (a >> np.uint64(40))) ^ b ^ (b << np.uint64(16))
    state[1] = (b << np.uint64(37)) | (b >> np.uint64(27))
    return result


def seeded(seed: int) -> NDArray[np.uint64]:
    """Return two words of state from one seed."""
    return np.random.SeedSequence(seed).generate_state(2, np.uint64)


@part
def _shift(neurons: Neurons, j: int, word: int, mask: Any, down: Any, up: Any) -> None:
    """Lower the counts of some samples of a word by one, raise those of others, and find the thresholds again."""
    counts, threshold = neurons.counts, (neurons.weights.shape[1] + 1) // 2
    at, below = ~np.uint64(0), ~np.uint64(0)
    for bit in range(counts.shape[1]):
        count = counts[j, bit, word]
        moved = count ^ (down | up)
        counts[j, bit, word] = moved
        down &= ~count
        up &= count
        at &= moved if (threshold >> bit) & 1 else ~moved
        below &= moved if ((threshold - 1) >> bit) & 1 else ~moved
    neurons.at[j, word], neurons.below[j, word] = at & mask, below & mask


@part
def _accepts(chances: Chances, sweep: int, change: int, state: NDArray[Any]) -> bool:
    """Return whether an increase of the loss is accepted."""
    word = next_word(state) >> np.uint64(32)
    if change < _TABLE:
        return bool(word < chances.table[sweep, change])
    return bool(word * 2.0**-32 < np.exp(-change * chances.rates[sweep]))


@kernel
def fill(neurons: Neurons, j: int, below: NDArray[Any], mask: NDArray[Any]) -> None:
    """Count the agreements of a neuron anew."""
    counts = neurons.counts[j]
    fan_in = neurons.weights.shape[1]
    for bit in range(counts.shape[0]):
        for word in range(counts.shape[1]):
            counts[bit, word] = 0
    complement = (1 << counts.shape[0]) - (fan_in + 1) // 2  # s ≥ T iff s + 2^bits − T carries out
    for word in range(counts.shape[1]):
        for i in range(fan_in):
            agree = below[i, word] if neurons.weights[j, i] > 0 else ~below[i, word]
            _shift(neurons, j, word, mask[word], np.uint64(0), agree & mask[word])
        reached = np.uint64(0)
        for bit in range(counts.shape[0]):
            count = counts[bit, word]
            reached = (reached | count) if (complement >> bit) & 1 else (reached & count)
        neurons.active[j, word] = reached & mask[word]


@part
def _turn(output: Neurons, o: int, word: int, mask: Any, moved: Any, agree: Any) -> None:
    """Change the sign of an output's product in the samples `moved`."""
    output.active[o, word] ^= moved & ((agree & output.at[o, word]) | (~agree & output.below[o, word]))
    _shift(output, o, word, mask, moved & agree, moved & ~agree)


@kernel
def total_loss(task: Task, output: Neurons) -> int:
    """Loss of all outputs."""
    loss = np.int64(0)
    fan_in = output.weights.shape[1]
    for o in range(len(output.at)):
        planes = task.planes[o]
        for word in range(len(task.mask)):
            target = task.targets[o, word]
            loss += task.errors * weigh(output.active[o, word] ^ target, planes, word)
            if task.margin:
                disagreements = fan_in * weigh(target, planes, word)
                for bit in range(output.counts.shape[1]):
                    count = output.counts[o, bit, word]
                    disagreements += (weigh(count & ~target, planes, word) - weigh(count & target, planes, word)) << bit
                loss += task.margin * disagreements
    return loss


@part
def flip_output(task: Task, output: Neurons, below: NDArray[Any], o: int, i: int) -> None:
    """Flip a weight of an output."""
    plus = output.weights[o, i] > 0
    output.weights[o, i] = -output.weights[o, i]
    for word in range(len(task.mask)):
        agree = (below[i, word] if plus else ~below[i, word]) & task.mask[word]
        _turn(output, o, word, task.mask[word], task.mask[word], agree)


@part
def flip_hidden(task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], j: int, i: int) -> None:
    """Flip a weight of a hidden neuron, and turn the products of the outputs where it changes."""
    plus = hidden.weights[j, i] > 0
    hidden.weights[j, i] = -hidden.weights[j, i]
    for word in range(len(task.mask)):
        agree = (task.inputs[i, word] if plus else ~task.inputs[i, word]) & task.mask[word]
        moved = (agree & hidden.at[j, word]) | (~agree & hidden.below[j, word])
        _shift(hidden, j, word, task.mask[word], agree, ~agree & task.mask[word])
        if moved:
            for o in range(len(output.at)):
                product = below[j, word] if output.weights[o, j] > 0 else ~below[j, word]
                _turn(output, o, word, task.mask[word], moved, product)
            below[j, word] ^= moved


@part
def _turned_price(task: Task, o: int, word: int, turned: Any, wrong: Any, moved: Any, wrong_product: Any) -> int:
    """Change of the loss in a word, where outputs turn in some samples, and products in the samples `moved`."""
    change = np.int64(0)
    for bit in range(task.planes.shape[1]):
        plane = task.planes[o, bit, word]
        step = task.errors * (popcount(turned & plane) - 2 * popcount(turned & wrong & plane))
        if task.margin:
            step += task.margin * (popcount(moved & plane) - 2 * popcount(wrong_product & plane))
        change += step << bit
    return change


@part
def output_change(task: Task, output: Neurons, below: NDArray[Any], o: int, i: int) -> int:
    """Return the change of the loss by a flip of a weight of an output."""
    flip = np.uint64(0) if output.weights[o, i] > 0 else ~np.uint64(0)
    change = np.int64(0)
    for word in range(len(task.mask)):
        agree = below[i, word] ^ flip
        turned = (agree & output.at[o, word]) | (~agree & output.below[o, word])
        wrong = output.active[o, word] ^ task.targets[o, word]
        change += _turned_price(task, o, word, turned, wrong, task.mask[word], agree ^ task.targets[o, word])
    return change


@part
def hidden_change(task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], j: int, i: int) -> int:
    """Return the change of the loss by a flip of a weight of a hidden neuron."""
    flip = np.uint64(0) if hidden.weights[j, i] > 0 else ~np.uint64(0)
    change = np.int64(0)
    for word in range(len(task.mask)):
        agree = task.inputs[i, word] ^ flip
        moved = (agree & hidden.at[j, word]) | (~agree & hidden.below[j, word])
        if not moved:
            continue
        for o in range(output.at.shape[0]):
            product = below[j, word] ^ (np.uint64(0) if output.weights[o, j] > 0 else ~np.uint64(0))
            turned = moved & ((product & output.at[o, word]) | (~product & output.below[o, word]))
            wrong = output.active[o, word] ^ task.targets[o, word]
            change += _turned_price(task, o, word, turned, wrong, moved, moved & (product ^ task.targets[o, word]))
    return change


@kernel
def _sweep_output(
    task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], chances: Chances, sweep: int, run: Run
) -> None:
    """Propose each weight of the outputs once."""
    for o in range(output.weights.shape[0]):
        for i in range(output.weights.shape[1]):
            change = output_change(task, output, below, o, i)
            if change <= 0 or _accepts(chances, sweep, change, run.state):
                flip_output(task, output, below, o, i)
                run.losses[0] += change
                if run.losses[0] < run.losses[1]:
                    _keep(hidden, output, run)


@kernel
def _sweep_hidden(
    task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], chances: Chances, sweep: int, run: Run
) -> None:
    """Propose each weight of the hidden neurons once."""
    for j in range(hidden.weights.shape[0]):
        for i in range(hidden.weights.shape[1]):
            change = hidden_change(task, hidden, output, below, j, i)
            if change <= 0 or _accepts(chances, sweep, change, run.state):
                flip_hidden(task, hidden, output, below, j, i)
                run.losses[0] += change
                if run.losses[0] < run.losses[1]:
                    _keep(hidden, output, run)


@kernel
def _keep(hidden: Neurons, output: Neurons, run: Run) -> None:
    """Keep the weights, which are the best of the read."""
    run.losses[1] = run.losses[0]
    place = 0
    for neurons in (hidden, output):
        for j in range(neurons.weights.shape[0]):
            for i in range(neurons.weights.shape[1]):
                run.best[place] = neurons.weights[j, i]
                place += 1


@kernel
def _begin(task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], run: Run) -> None:
    """Draw random weights, and count everything anew."""
    for neurons in (hidden, output):
        for j in range(neurons.weights.shape[0]):
            for i in range(neurons.weights.shape[1]):
                neurons.weights[j, i] = 1 if next_word(run.state) >> np.uint64(63) else -1
    for j in range(len(hidden.at)):
        fill(hidden, j, task.inputs, task.mask)
        copy(hidden.active[j], below[j])
    for o in range(len(output.at)):
        fill(output, o, below, task.mask)
    run.losses[0] = total_loss(task, output)
    _keep(hidden, output, run)


@kernel
def _anneal(
    task: Task,
    hidden: Neurons,
    output: Neurons,
    below: NDArray[Any],
    chances: Chances,
    run: Run,
    ends_at_base: bool,
    best_weights: NDArray[Any],
    best_losses: NDArray[Any],
) -> None:
    """Fill in the best weights of each read and their losses."""
    for read in range(len(best_weights)):
        _begin(task, hidden, output, below, run)
        for sweep in range(len(chances.rates)):
            if ends_at_base and run.losses[1] == 0:
                break
            _sweep_hidden(task, hidden, output, below, chances, sweep, run)
            _sweep_output(task, hidden, output, below, chances, sweep, run)
        copy(run.best, best_weights[read])
        best_losses[read] = run.losses[1]
