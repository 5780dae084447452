"""Simulated annealing over the weights themselves, compiled by numba: no QUBO, no ancillas.

A proposal flips one weight. Up to two layers, what it changes is known by a few word operations, see
`bnnbench.optimum.flip_anneal`. In deeper networks the activations of its neuron, and of the layers above if they
change,
are computed anew, 64 samples at a time: bit b of the number of agreements of 64 samples is one word, see
`bnnbench.optimum.search.bits`.
(S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import MAX_LAYERS, anneal_flips, make_task
from bnnbench.optimum.margin_anneal import anneal_margins
from bnnbench.optimum.search import bits
from bnnbench.optimum.search.bits import weigh
from bnnbench.optimum.search.compiled import copy, kernel, part
from bnnbench.optimum.search.distinct_samples import all_samples, distinct_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

HOT, COLD = 0.6, 0.2
"""First and last temperature, in units of the loss of one sample; chosen on 7-7-1 with 40 samples."""
MOST_WORK = 2**32
"""Word operations of a quick search, some seconds; on networks that are searched it takes far fewer."""


class _Task(NamedTuple):
    """A training problem in words of 64 samples."""

    widths: NDArray[np.int64]
    bias: int
    inputs: NDArray[np.uint64]
    mask: NDArray[np.uint64]
    targets: NDArray[np.uint64]
    planes: NDArray[np.uint64]
    errors: int
    margin: int


class _State(NamedTuple):
    """Weights, what follows from them, and what followed from them before the proposal.

    Activations have the shape (layers + 1, neurons + 1, words), with a constant +1 after each layer for the bias.
    """

    weights: NDArray[np.int8]
    order: NDArray[np.int64]
    activations: NDArray[np.uint64]
    kept_activations: NDArray[np.uint64]
    losses: NDArray[np.int64]
    kept_losses: NDArray[np.int64]
    counts: NDArray[np.uint64]
    offset: NDArray[np.int64]
    layer_of: NDArray[np.int64]
    neuron_of: NDArray[np.int64]


class WeightAnnealer:
    """Anneals the weights of one problem.

    Parameters
    ----------
    merge
        Whether equal, contradicting and opposite samples count as one, see
        `bnnbench.optimum.search.distinct_samples`. The losses are the same.
    """

    def __init__(self, problem: Problem, *, merge: bool = True) -> None:
        samples = distinct_samples(problem) if merge else all_samples(problem)
        self._samples = samples
        self._task = _Task(
            np.array(samples.network.widths),
            int(samples.network.bias),
            bits.pack(samples.inputs.T),
            np.ascontiguousarray(bits.pack(np.ones((1, len(samples.inputs)), dtype=np.int8))[0]),
            bits.pack(samples.targets.T),
            bits.planes(samples.weights.T),
            samples.errors,
            samples.margin,
        )
        self._unit = float(samples.errors or samples.margin)
        self._flips = make_task(samples) if samples.network.num_layers <= MAX_LAYERS else None

    @property
    def work(self) -> int:
        """Word operations of a sweep, at most."""
        network = self._samples.network
        sizes = [network.widths[layer] * network.fan_in(layer) for layer in range(1, network.num_layers + 1)]
        fan_ins = [network.fan_in(layer) for layer in range(1, network.num_layers + 1)]
        flips = sum(size * (fan_ins[i] + sum(sizes[i + 1 :])) for i, size in enumerate(sizes))
        return flips * len(self._task.mask) * max(fan_ins).bit_length()

    def anneal(
        self,
        num_reads: int,
        num_sweeps: int,
        seed: int,
        hot: float = HOT,
        cold: float = COLD,
        *,
        ends_at_base: bool = False,
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return the best weights of each of several anneals from random weights, and their losses.

        Parameters
        ----------
        hot, cold
            First and last temperature, in units of the loss of one sample.
        ends_at_base
            Whether an anneal ends as soon as it has a loss that no setting avoids.

        Returns
        -------
        tuple
            ±1, int8 of shape (num_reads, num_weights), and float64 of shape (num_reads,).
        """
        temperatures = self._unit * np.geomspace(hot, cold, num_sweeps)
        if self._flips is not None:
            weights, losses = anneal_flips(
                self._flips, self._samples.network, num_reads, temperatures, seed, ends_at_base=ends_at_base
            )
            return weights, self._loss(losses)
        weights = np.empty((num_reads, self._samples.network.num_weights), dtype=np.int8)
        losses = np.empty(num_reads, dtype=np.int64)
        state = _state(self._task, weights.shape[1])
        _anneal(self._task, state, temperatures, seed, ends_at_base, weights, losses)
        return weights, self._loss(losses)

    def anneal_margins(
        self, num_reads: int, num_sweeps: int, seed: int, *, hot: float, cold: float, margin: float, clip: float
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Anneal margins instead of errors, see `bnnbench.optimum.margin_anneal`; return as `anneal` does.

        Parameters
        ----------
        hot, cold
            First and last temperature, in units of squared pre-activations.
        margin, clip
            κ and c, in units of pre-activation.
        """
        weights, losses = anneal_margins(
            self._samples,
            num_reads=num_reads,
            temperatures=np.geomspace(hot, cold, num_sweeps),
            stability=margin,
            clip=clip,
            seed=seed,
        )
        return weights, self._loss(losses)

    def _loss(self, losses: NDArray[np.int64]) -> NDArray[np.float64]:
        """Turn whole losses above the base into units of loss."""
        return np.asarray((losses + self._samples.base) * self._samples.unit, dtype=np.float64)


def quick_weights(
    problem: Problem, seed: int, num_reads: int = 20, num_sweeps: int = 100, *, most: int = MOST_WORK
) -> NDArray[np.int8]:
    """Return the best of a few short anneals, ±1 of shape (1, num_weights); fewer and shorter than `most` allows."""
    annealer = WeightAnnealer(problem)
    sweeps = min(num_sweeps, most // annealer.work)
    reads = min(num_reads, max(1, most // (max(1, sweeps) * annealer.work)))
    weights, losses = annealer.anneal(reads, sweeps, seed % 2**32, ends_at_base=True)
    return weights[[losses.argmin()]]


def warm_up(*depths: int, margins: bool = False) -> None:
    """Compile the kernels that networks of so many layers need, or load them from numba's cache.

    Parameters
    ----------
    depths
        Numbers of layers; none: all that have kernels of their own.
    margins
        Whether margins are annealed instead of errors.
    """
    one = np.ones((1, 1), dtype=np.int8)
    for depth in depths or range(1, MAX_LAYERS + (1 if margins else 2)):
        annealer = WeightAnnealer(Problem(Network((1,) * (depth + 1)), one, one))
        if margins:
            annealer.anneal_margins(1, 1, 0, hot=1.0, cold=1.0, margin=1.0, clip=1.0)
        else:
            annealer.anneal(1, 1, 0)


@kernel
def _anneal(
    task: _Task,
    state: _State,
    temperatures: NDArray[Any],
    seed: int,
    ends_at_base: bool,
    best_weights: NDArray[Any],
    best_losses: NDArray[Any],
) -> None:
    """Fill in the best weights of each read, (reads, num_weights) as ±1, and their losses."""
    np.random.seed(seed)  # noqa: NPY002  the generator of compiled code
    for read in range(len(best_weights)):
        for k in range(len(state.weights)):
            state.weights[k] = 1 if np.random.random() < 0.5 else -1  # noqa: NPY002
        _propagate(task, state, 1)
        _keep(task, state, 1)
        loss = state.losses.sum()
        best = loss
        copy(state.weights, best_weights[read])
        for temperature in temperatures:
            if ends_at_base and best == 0:
                break
            np.random.shuffle(state.order)  # noqa: NPY002
            for k in state.order:
                if not _flip(task, state, k):
                    continue
                proposed = state.losses.sum()
                change = proposed - loss
                if change <= 0 or np.random.random() < np.exp(-change / temperature):  # noqa: NPY002
                    loss = proposed
                    _keep(task, state, state.layer_of[k])
                    if loss < best:
                        best = loss
                        copy(state.weights, best_weights[read])
                else:
                    state.weights[k] = -state.weights[k]
                    _restore(task, state, state.layer_of[k])
        best_losses[read] = best


def _state(task: _Task, num_weights: int) -> _State:
    """Return a state without weights."""
    widths, num_layers, num_words = task.widths, len(task.widths) - 1, len(task.mask)
    fan_ins = widths[:-1] + task.bias
    sizes = widths[1:] * fan_ins
    layer_of = np.repeat(np.arange(1, num_layers + 1), sizes)
    neuron_of = np.concatenate([np.arange(size) // fan_in for size, fan_in in zip(sizes, fan_ins, strict=True)])
    offset = np.concatenate([[0, 0], np.cumsum(sizes)])
    num_bits = int(fan_ins.max()).bit_length()
    activations = np.zeros((num_layers + 1, widths.max() + 1, num_words), np.uint64)
    activations[0, : widths[0]] = task.inputs
    for layer in range(num_layers):
        activations[layer, widths[layer]] = task.mask
    num_outputs = widths[num_layers]
    return _State(
        np.empty(num_weights, np.int8), np.arange(num_weights), activations, activations.copy(),
        np.zeros(num_outputs, np.int64), np.zeros(num_outputs, np.int64), np.zeros((num_bits, num_words), np.uint64),
        offset, layer_of, neuron_of,
    )  # fmt: skip


@part
def _flip(task: _Task, state: _State, k: int) -> bool:
    """Flip a weight and compute what follows; return whether anything but the weight has changed."""
    layer, neuron = state.layer_of[k], state.neuron_of[k]
    state.weights[k] = -state.weights[k]
    _activate(task, state, layer, neuron)
    if layer + 1 == len(task.widths):
        return True
    is_same = True
    for word in range(len(task.mask)):
        is_same &= state.activations[layer, neuron, word] == state.kept_activations[layer, neuron, word]
    if not is_same:
        _propagate(task, state, layer + 1)
    return not is_same


@part
def _propagate(task: _Task, state: _State, first: int) -> None:
    """Compute all activations from a layer up, and the losses of the outputs."""
    for layer in range(first, len(task.widths)):
        for neuron in range(task.widths[layer]):
            _activate(task, state, layer, neuron)


@part
def _activate(task: _Task, state: _State, layer: int, neuron: int) -> None:
    """Compute the activations of a neuron, and its loss if it is an output."""
    fan_in = task.widths[layer - 1] + task.bias
    start = state.offset[layer] + neuron * fan_in
    below, counts = state.activations[layer - 1], state.counts
    num_bits = counts.shape[0]
    complement = (1 << num_bits) - (fan_in + 1) // 2  # s ≥ T iff s + 2^bits − T carries out
    for word in range(len(task.mask)):
        for bit in range(num_bits):
            counts[bit, word] = 0
        for i in range(fan_in):
            carry = below[i, word] if state.weights[start + i] > 0 else ~below[i, word]
            for bit in range(num_bits):
                count = counts[bit, word]
                counts[bit, word] = count ^ carry
                carry &= count
        reached = np.uint64(0)
        for bit in range(num_bits):
            count = counts[bit, word]
            reached = (reached | count) if (complement >> bit) & 1 else (reached & count)
        state.activations[layer, neuron, word] = reached & task.mask[word]
    if layer + 1 == len(task.widths):
        state.losses[neuron] = _loss(task, state, layer, neuron, fan_in)


@kernel
def _loss(task: _Task, state: _State, layer: int, neuron: int, fan_in: int) -> int:
    """Return the loss of an output whose agreements have just been counted."""
    outputs, target, planes, counts = (
        state.activations[layer, neuron], task.targets[neuron], task.planes[neuron], state.counts,
    )  # fmt: skip
    loss = np.int64(0)
    for word in range(len(target)):
        t = target[word]
        loss += task.errors * weigh(outputs[word] ^ t, planes, word)
        if task.margin:
            disagreements = fan_in * weigh(t, planes, word)
            for bit in range(counts.shape[0]):
                c = counts[bit, word]
                disagreements += (weigh(c & ~t, planes, word) - weigh(c & t, planes, word)) << bit
            loss += task.margin * disagreements
    return loss


@part
def _keep(task: _Task, state: _State, first: int) -> None:
    """Adopt what a proposal has changed from a layer up."""
    _copy(task, state.activations, state.kept_activations, first)
    copy(state.losses, state.kept_losses)


@part
def _restore(task: _Task, state: _State, first: int) -> None:
    """Undo what a proposal has changed from a layer up."""
    _copy(task, state.kept_activations, state.activations, first)
    copy(state.kept_losses, state.losses)


@part
def _copy(task: _Task, source: NDArray[Any], target: NDArray[Any], first: int) -> None:
    """Copy the activations from a layer up."""
    for layer in range(first, len(task.widths)):
        for neuron in range(task.widths[layer]):
            copy(source[layer, neuron], target[layer, neuron])
