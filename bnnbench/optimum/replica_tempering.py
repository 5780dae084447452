r"""Parallel tempering of the weights: replicas at a ladder of temperatures that trade places, on single flips.

Each sweep proposes every weight of every replica once, at the replica's temperature. Then neighbors on the ladder trade
temperatures with the chance min(1, exp((β_l − β_{l+1})·(E_l − E_{l+1}))), even pairs and odd pairs in turn, so that the
joint distribution Π_l exp(−β_l E_l) stays as it is.

References
----------
K. Hukushima and K. Nemoto, "Exchange Monte Carlo Method and Application to Spin Glass Simulations", Journal of the
Physical Society of Japan 65, 1996.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import Neurons, Task, next_word, seeded
from bnnbench.optimum.replica_anneal import acceptance, begin_replica, make_replicas, sweep_replica, total_weights
from bnnbench.optimum.search.compiled import compiled

_NO_RING = False


class Ladder(NamedTuple):
    """Temperatures of the replicas, hottest first.

    Attributes
    ----------
    rates
        Inverse temperatures per unit of the kernel's loss, (levels,).
    chances
        See `bnnbench.optimum.replica_anneal.Schedule`, a row per level.
    pulls
        Ones: no replica pulls at another, (2·levels + 1,).
    """

    rates: NDArray[np.float64]
    chances: NDArray[np.float64]
    pulls: NDArray[np.float64]


class Tempered(NamedTuple):
    """The result of some reads.

    Attributes
    ----------
    weights
        Best of each read, over replicas and sweeps, int8 of shape (reads, num_weights).
    losses
        Of these weights, in units of the kernel, int64 (reads,).
    means
        Mean loss at each temperature over the second half of the sweeps, (reads, levels).
    trades
        Share of accepted trades between neighbors on the ladder, (reads, levels − 1).
    """

    weights: NDArray[np.int8]
    losses: NDArray[np.int64]
    means: NDArray[np.float64]
    trades: NDArray[np.float64]


def make_ladder(temperatures: NDArray[np.float64], unit: float) -> Ladder:
    """Make a ladder of temperatures, in losses of one sample; `unit` is what an error costs in the kernel."""
    rates = 1 / (temperatures * unit)
    return Ladder(rates, acceptance(rates), np.ones(2 * len(rates) + 1))


def temper_weights(
    task: Task, widths: tuple[int, ...], *, bias: bool, num_reads: int, num_sweeps: int, ladder: Ladder, seed: int
) -> Tempered:
    """Temper from random weights; `widths` are d_0, …, d_L for one or two layers."""
    num_words, levels = len(task.mask), len(ladder.rates)
    hidden = make_replicas(levels, widths[1] if len(widths) == 3 else 0, widths[0] + bias, num_words)
    output = make_replicas(levels, widths[-1], widths[-2] + bias, num_words)
    below = np.empty((levels, widths[-2] + bias, num_words), dtype=np.uint64)
    below[:] = task.mask if len(widths) == 3 else task.inputs
    tempered = Tempered(
        np.empty((num_reads, hidden.weights[0].size + output.weights[0].size), dtype=np.int8),
        np.empty(num_reads, dtype=np.int64),
        np.zeros((num_reads, levels)),
        np.zeros((num_reads, levels - 1)),
    )
    _temper(task, hidden, output, below, ladder, seeded(seed), num_sweeps, tempered)
    return tempered


@compiled()
def _temper(
    task: Task,
    hidden: Neurons,
    output: Neurons,
    below: NDArray[Any],
    ladder: Ladder,
    state: NDArray[Any],
    num_sweeps: int,
    tempered: Tempered,
) -> None:
    """Fill in the result of each read."""
    levels, num_first = len(below), hidden.weights[0].size
    losses = np.empty(levels, np.int64)
    for read in range(len(tempered.losses)):
        at = np.arange(levels)  # replica at each level
        for r in range(levels):
            losses[r] = begin_replica(task, hidden, output, below, r, state)
        sums = (total_weights(hidden.weights), total_weights(output.weights))
        tempered.losses[read] = np.iinfo(np.int64).max
        for sweep in range(num_sweeps):
            for level in range(levels):
                r = at[level]
                losses[r] += sweep_replica(
                    task, hidden, output, below, sums, r, ladder.chances[level], ladder.pulls, _NO_RING, state
                )
                if losses[r] < tempered.losses[read]:
                    tempered.losses[read] = losses[r]
                    tempered.weights[read, :num_first] = hidden.weights[r].ravel()
                    tempered.weights[read, num_first:] = output.weights[r].ravel()
            _trade(ladder.rates, losses, at, sweep % 2, state, tempered.trades[read])
            if sweep >= num_sweeps // 2:
                for level in range(levels):
                    tempered.means[read, level] += losses[at[level]]
        tempered.means[read] /= num_sweeps - num_sweeps // 2
        tempered.trades[read] /= max(num_sweeps / 2, 1.0)


@compiled()
def _trade(
    rates: NDArray[Any], losses: NDArray[Any], at: NDArray[Any], first: int, state: NDArray[Any], trades: NDArray[Any]
) -> None:
    """Let neighbors on the ladder trade places, beginning with the first or the second."""
    for level in range(first, len(at) - 1, 2):
        gain = (rates[level] - rates[level + 1]) * (losses[at[level]] - losses[at[level + 1]])
        if gain >= 0 or (next_word(state) >> np.uint64(11)) * 2.0**-53 < np.exp(gain):
            at[level], at[level + 1] = at[level + 1], at[level]
            trades[level] += 1
