r"""Annealing of several replicas of the weights that pull at each other, on the kernel of single flips.

Two ways to couple y replicas w^1, …, w^y of a network with loss E, at inverse temperature β:

- a **ring**, the Suzuki–Trotter image of a transverse field Γ on the weights: the replicas are slices of imaginary
  time, with the weight exp(−β/y·Σ_a E(w^a) + K·Σ_a Σ_i w_i^a w_i^{a+1}), K = −½·ln tanh(βΓ/y);
- a **center**, the robust ensemble: exp(−β·Σ_a E(w^a) + Σ_i ln 2cosh(γ·Σ_a w_i^a)), where a common center w̃ that pulls
  with strength γ is summed over. It favors regions with many good settings.

References
----------
M. Suzuki, "Relationship between d-dimensional quantal spin systems and (d+1)-dimensional Ising systems", Progress of
Theoretical Physics 56, 1976.
C. Baldassi, C. Borgs, J. T. Chayes, A. Ingrosso, C. Lucibello, L. Saglietti and R. Zecchina, "Unreasonable
effectiveness of learning neural networks", PNAS 113, 2016: the robust ensemble.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import (
    Neurons,
    Task,
    fill,
    flip_hidden,
    flip_output,
    hidden_change,
    next_word,
    output_change,
    seeded,
    total_loss,
)
from bnnbench.optimum.search.compiled import compiled

_LARGEST = 256
"""Changes of the loss that are told apart; larger ones have the chance of this one."""


class Schedule(NamedTuple):
    """A row per sweep.

    Attributes
    ----------
    chances
        exp(−rate·change) for changes of −256, …, 256, float64 of shape (sweeps, 513).
    pulls
        Factor of the chance of a flip, by w times the sum of the weights that pull, from −y to y, (sweeps, 2y + 1).
    is_ring
        Whether neighbors pull, or all replicas.
    """

    chances: NDArray[np.float64]
    pulls: NDArray[np.float64]
    is_ring: bool


def ring_schedule(num_replicas: int, beta: float, fields: NDArray[np.float64], unit: float) -> Schedule:
    """Make the schedule of a transverse field Γ, one per sweep, at inverse temperature β per `unit` of loss."""
    coupling = -0.5 * np.log(np.tanh(np.maximum(beta * fields / num_replicas, 1e-12)))
    sums = np.arange(-num_replicas, num_replicas + 1)
    pulls = np.exp(np.clip(-2 * coupling[:, None] * sums, -700, 700))
    return Schedule(acceptance(np.full(len(fields), beta / num_replicas / unit)), pulls, is_ring=True)


def center_schedule(
    num_replicas: int, betas: NDArray[np.float64], strengths: NDArray[np.float64], unit: float
) -> Schedule:
    """Make the schedule of a center of strength γ, one per sweep, at inverse temperatures β per `unit` of loss."""
    sums = np.arange(-num_replicas, num_replicas + 1)[None, :]
    bound = strengths[:, None]
    # A flip turns w·S into w·S − 2.
    gain = np.logaddexp(bound * (sums - 2), -bound * (sums - 2)) - np.logaddexp(bound * sums, -bound * sums)
    return Schedule(acceptance(betas / unit), np.exp(np.clip(gain, -700, 700)), is_ring=False)


def acceptance(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exp(−rate·change) for changes of −256, …, 256 at inverse temperatures (k,): (k, 513)."""
    changes = np.arange(-_LARGEST, _LARGEST + 1)
    return np.exp(np.clip(-rates[:, None] * changes, -700, 700))


def anneal_replicas(
    task: Task, widths: tuple[int, ...], *, bias: bool, num_reads: int, num_replicas: int, schedule: Schedule, seed: int
) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.float64]]:
    """Anneal from random weights.

    Parameters
    ----------
    widths
        d_0, …, d_L for one or two layers.

    Returns
    -------
    tuple
        The best weights of each read, over replicas and sweeps, int8 of shape (num_reads, num_weights); their losses;
        and the mean loss of the replicas after each sweep, (num_reads, sweeps).
    """
    num_words = len(task.mask)
    hidden = make_replicas(num_replicas, widths[1] if len(widths) == 3 else 0, widths[0] + bias, num_words)
    output = make_replicas(num_replicas, widths[-1], widths[-2] + bias, num_words)
    below = np.empty((num_replicas, widths[-2] + bias, num_words), dtype=np.uint64)
    below[:] = task.mask if len(widths) == 3 else task.inputs
    best = np.empty((num_reads, hidden.weights[0].size + output.weights[0].size), dtype=np.int8)
    losses = np.empty(num_reads, dtype=np.int64)
    means = np.empty((num_reads, len(schedule.chances)))
    _anneal(task, hidden, output, below, schedule, seeded(seed), best, losses, means)
    return best, losses, means


def make_replicas(num_replicas: int, width: int, fan_in: int, num_words: int) -> Neurons:
    """Make layers of all replicas: as `Neurons`, with a leading axis."""
    at, below, active = (np.zeros((num_replicas, width, num_words), dtype=np.uint64) for _ in range(3))
    counts = np.zeros((num_replicas, width, int(fan_in).bit_length(), num_words), dtype=np.uint64)
    return Neurons(counts, at, below, active, np.ones((num_replicas, width, fan_in), dtype=np.int8))


@compiled()
def _of(replicas: Neurons, r: int) -> Neurons:
    """Return the layer of one replica."""
    return Neurons(replicas.counts[r], replicas.at[r], replicas.below[r], replicas.active[r], replicas.weights[r])


@compiled(inline="always")
def _pull(weights: NDArray[Any], sums: NDArray[Any], r: int, j: int, i: int, is_ring: bool) -> int:
    """w times the sum of the weights that pull at it."""
    w = np.int64(weights[r, j, i])
    if not is_ring:
        return w * sums[j, i]
    last = len(weights) - 1
    return w * (weights[r - 1 if r else last, j, i] + weights[r + 1 if r < last else 0, j, i])


@compiled(inline="always")
def _accepts(chances: NDArray[Any], change: int, factor: float, state: NDArray[Any]) -> bool:
    chance = chances[min(max(change, -_LARGEST), _LARGEST) + _LARGEST] * factor
    return chance >= 1 or (next_word(state) >> np.uint64(11)) * 2.0**-53 < chance


@compiled()
def sweep_replica(
    task: Task,
    hidden: Neurons,
    output: Neurons,
    below: NDArray[Any],
    sums: tuple[NDArray[Any], NDArray[Any]],
    r: int,
    chances: NDArray[Any],
    pulls: NDArray[Any],
    is_ring: bool,
    state: NDArray[Any],
) -> int:
    """Propose each weight of a replica once; return the change of its loss."""
    num_replicas = len(below)
    low, high, inputs = _of(hidden, r), _of(output, r), below[r]
    total = np.int64(0)
    for j in range(low.weights.shape[0]):
        for i in range(low.weights.shape[1]):
            pull = pulls[_pull(hidden.weights, sums[0], r, j, i, is_ring) + num_replicas]
            change = hidden_change(task, low, high, inputs, j, i)
            if _accepts(chances, change, pull, state):
                sums[0][j, i] -= 2 * low.weights[j, i]
                flip_hidden(task, low, high, inputs, j, i)
                total += change
    for o in range(high.weights.shape[0]):
        for i in range(high.weights.shape[1]):
            pull = pulls[_pull(output.weights, sums[1], r, o, i, is_ring) + num_replicas]
            change = output_change(task, high, inputs, o, i)
            if _accepts(chances, change, pull, state):
                sums[1][o, i] -= 2 * high.weights[o, i]
                flip_output(task, high, inputs, o, i)
                total += change
    return total


@compiled()
def begin_replica(
    task: Task, hidden: Neurons, output: Neurons, below: NDArray[Any], r: int, state: NDArray[Any]
) -> int:
    """Draw random weights of a replica, and return its loss."""
    low, high, inputs = _of(hidden, r), _of(output, r), below[r]
    for neurons in (low, high):
        for j in range(neurons.weights.shape[0]):
            for i in range(neurons.weights.shape[1]):
                neurons.weights[j, i] = 1 if next_word(state) >> np.uint64(63) else -1
    for j in range(low.weights.shape[0]):
        fill(low, j, task.inputs, task.mask)
        inputs[j] = low.active[j]
    for o in range(high.weights.shape[0]):
        fill(high, o, inputs, task.mask)
    return total_loss(task, high)


@compiled()
def _anneal(
    task: Task,
    hidden: Neurons,
    output: Neurons,
    below: NDArray[Any],
    schedule: Schedule,
    state: NDArray[Any],
    best_weights: NDArray[Any],
    best_losses: NDArray[Any],
    means: NDArray[Any],
) -> None:
    """Fill in the best weights of each read, their losses, and the mean loss after each sweep."""
    num_replicas = len(below)
    num_first = hidden.weights[0].size
    losses = np.empty(num_replicas, np.int64)
    for read in range(len(best_weights)):
        for r in range(num_replicas):
            losses[r] = begin_replica(task, hidden, output, below, r, state)
        sums = (total_weights(hidden.weights), total_weights(output.weights))
        best_losses[read] = np.iinfo(np.int64).max
        for sweep in range(len(schedule.chances)):
            for r in range(num_replicas):
                losses[r] += sweep_replica(
                    task, hidden, output, below, sums, r, schedule.chances[sweep], schedule.pulls[sweep],
                    schedule.is_ring, state,
                )  # fmt: skip
                if losses[r] < best_losses[read]:
                    best_losses[read] = losses[r]
                    best_weights[read, :num_first] = hidden.weights[r].ravel()
                    best_weights[read, num_first:] = output.weights[r].ravel()
            means[read, sweep] = losses.mean()


@compiled()
def total_weights(weights: NDArray[Any]) -> NDArray[Any]:
    """Sum over the replicas, int64."""
    total = np.zeros(weights.shape[1:], np.int64)
    for r in range(len(weights)):
        total += weights[r]
    return total
