r"""Branch and bound over the weights of one output neuron: proofs for perceptrons far beyond a table of all settings.

Let v_n = Σ_i w_i·y_n·x_ni be the stability of sample n, which is right if v_n ≥ need_n. Some weights are fixed; with
the sum s_n of their products and r free weights,

- sample n is surely wrong if s_n + r < need_n;
- of a set S of samples one at least is wrong if Σ_S (s_n − need_n) + Σ_i |Σ_S y_n·x_ni| < 0, the second sum over the
  free weights: no setting can make all of them right, since it cannot even make their total large enough;
- disjoint sets of this kind each hold a wrong sample of their own.

A node is cut off if the wrong samples that these show are too many. Sets grow greedily from the least s_n − need_n.
The weight to fix next is the one whose sum over the lacking samples is largest: what stays free can then repair least.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import kernel, part
from bnnbench.optimum.search.counting import primes_for
from bnnbench.optimum.search.distinct_samples import DistinctSamples
from bnnbench.optimum.search.space import Found, Query, found_by
from bnnbench.optimum.search.tally import Ask, Kept, accept, is_stopped, nothing_kept

_NEAR = 8
"""Samples whose slack is at least this take no part in sets: they are right too easily."""
_MAX_SET = 12
"""Samples that are added to a set before it is given up."""
_FORCED = 3
"""Weights whose values split the search into tasks, at most."""
_SHOWN = 12
"""Depths that the progress is computed of."""


class Samples(NamedTuple):
    """Samples of one output.

    Attributes
    ----------
    rows, columns
        y·x, int16 of shapes (fan-in, D) and (D, fan-in).
    needs
        Least stability of a right answer: 1 for odd fan-in; 0 for y = +1 and 2 for y = −1 for even fan-in, int16 (D,).
    counts
        Weights of the samples, times the price of an error, int64 (D,).
    """

    rows: NDArray[np.int16]
    columns: NDArray[np.int16]
    needs: NDArray[np.int16]
    counts: NDArray[np.int64]


class Tree(NamedTuple):
    """The path from the root, and what is computed at a node.

    Attributes
    ----------
    sums
        s_n at each depth, int16 (fan-in + 1, D).
    variables, choices, begins, ends
        Weight that is fixed at each depth, the next of its values (0 for +1, 1 for −1), the first one and the one
        behind the last, int64 (fan-in + 1,).
    free
        1 for weights that are free, int16 (fan-in,).
    order, is_used
        Undecided samples by slack, and those in a set, (D,).
    totals
        Σ_S y_n·x_ni of a set, int16 (fan-in,).
    starts
        Places of the counting sort, int64 (fan-in + `_NEAR` + 2,).
    state
        A setting, ±1, int64 (fan-in,).
    """

    sums: NDArray[np.int16]
    variables: NDArray[np.int64]
    choices: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    free: NDArray[np.int16]
    order: NDArray[np.int64]
    is_used: NDArray[np.bool_]
    totals: NDArray[np.int16]
    starts: NDArray[np.int64]
    state: NDArray[np.int64]


class PerceptronBound:
    """The weights of one output; tasks differ in the values of the first weights that are fixed."""

    method = "branch and bound over weights"
    factor = 1

    def __init__(self, distinct: DistinctSamples) -> None:
        self._samples = _samples(distinct)
        fan_in = len(self._samples.rows)
        self._num_forced = min(_FORCED, fan_in - 1)
        self.num_tasks = 1 << self._num_forced
        self.primes = primes_for(fan_in)

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        """Look for settings of loss at most θ among those of a task."""
        tree = _root(self._samples, task, self._num_forced)
        kept = nothing_kept(query.cap, len(tree.free), len(self.primes), query.theta)
        finished = _search(self._samples, tree, query.to(0, 1, progress), kept, self.primes)
        return found_by(kept, bool(finished))

    def settings(self, task: int, state: NDArray[np.int64], cap: int) -> NDArray[np.int8]:
        """Return the setting behind a state, (1, fan-in)."""
        del task, cap
        return state.astype(np.int8)[None]


def _samples(distinct: DistinctSamples) -> Samples:
    """Take the samples of the only output; those of weight 0 are left out."""
    kept = distinct.weights[:, 0] > 0
    targets = distinct.targets[kept, 0]
    ones = np.ones((int(kept.sum()), int(distinct.network.bias)), dtype=np.int8)
    columns = (np.hstack([distinct.inputs[kept], ones]) * targets[:, None]).astype(np.int16)
    needs = np.where(targets > 0, 0, 2) if columns.shape[1] % 2 == 0 else np.ones(len(targets))
    counts = distinct.errors * distinct.weights[kept, 0]
    return Samples(np.ascontiguousarray(columns.T), columns, needs.astype(np.int16), counts)


def _root(samples: Samples, task: int, num_forced: int) -> Tree:
    """Return the root of a task, whose first weights have the values of its bits."""
    fan_in, num_samples = samples.rows.shape
    depths = np.arange(fan_in + 1)
    begins = np.where(depths < num_forced, task >> depths & 1, 0)
    ends = np.where(depths < num_forced, begins + 1, 2)
    variables = np.zeros(fan_in + 1, dtype=np.int64)
    variables[0] = np.abs(samples.columns.sum(axis=0)).argmax()
    return Tree(
        np.zeros((fan_in + 1, num_samples), dtype=np.int16), variables, begins.copy(), begins, ends,
        np.ones(fan_in, dtype=np.int16), np.zeros(num_samples, dtype=np.int64), np.zeros(num_samples, dtype=np.bool_),
        np.zeros(fan_in, dtype=np.int16), np.zeros(fan_in + _NEAR + 2, dtype=np.int64),
        np.zeros(fan_in, dtype=np.int64),
    )  # fmt: skip


@kernel
def _search(samples: Samples, tree: Tree, ask: Ask, kept: Kept, primes: NDArray[Any]) -> bool:
    """Run a task; return whether it came to its end."""
    fan_in = len(tree.free)
    depth = 0
    while depth >= 0:
        if is_stopped(ask, kept):
            return False
        if kept.tally.nodes % 4096 == 0:
            _show(tree, ask)
        if tree.choices[depth] == tree.ends[depth]:
            tree.choices[depth] = tree.begins[depth]
            tree.free[tree.variables[depth]] = 1
            depth -= 1
            continue
        left = fan_in - depth - 1
        wrong = _fix(samples, tree, depth, left)
        room = kept.tally.theta + 1 - wrong
        if room <= 0:
            continue
        if left == 0:
            for place in range(fan_in):
                tree.state[tree.variables[place]] = 3 - 2 * tree.choices[place]
            if accept(ask, kept, tree.state, wrong):
                return True
            for place in range(len(primes)):
                kept.residues[place] = (kept.residues[place] + 1) % primes[place]
            continue
        size = _sort(samples, tree, depth + 1, left)
        if not _is_cut(samples, tree, depth + 1, size, left, room):
            depth += 1
    return True


@part
def _show(tree: Tree, ask: Ask) -> None:
    """Say how many of the first choices are done."""
    done, size = 0, 1 << _SHOWN
    for depth in range(min(_SHOWN, len(tree.free))):
        size //= max(1, tree.ends[depth] - tree.begins[depth])
        done += size * max(0, tree.choices[depth] - tree.begins[depth] - 1)
    ask.progress[0], ask.progress[1] = done, 1 << _SHOWN


@kernel
def _fix(samples: Samples, tree: Tree, depth: int, left: int) -> int:
    """Give the weight of a depth its next value, and return the weight of the samples that are surely wrong."""
    before, after = tree.sums[depth], tree.sums[depth + 1]
    row, needs, counts = samples.rows[tree.variables[depth]], samples.needs, samples.counts
    sign = 1 - 2 * tree.choices[depth]
    tree.choices[depth] += 1
    tree.free[tree.variables[depth]] = 0
    wrong = np.int64(0)
    for n in range(len(row)):
        after[n] = before[n] + sign * row[n]
        if after[n] + left < needs[n]:
            wrong += counts[n]
    return wrong


@kernel
def _sort(samples: Samples, tree: Tree, depth: int, left: int) -> int:
    """Sort samples that are not surely wrong by slack, up to `_NEAR`, by counting; return their number."""
    sums, needs, starts = tree.sums[depth], samples.needs, tree.starts
    for place in range(left + _NEAR + 1):
        starts[place] = 0
    size = 0
    for n in range(len(sums)):
        slack = sums[n] - needs[n]
        tree.is_used[n] = not -left <= slack < _NEAR
        if not tree.is_used[n]:
            starts[slack + left + 1] += 1
            size += 1
    for place in range(1, left + _NEAR + 1):
        starts[place] += starts[place - 1]
    for n in range(len(sums)):
        if not tree.is_used[n]:
            place = sums[n] - needs[n] + left
            tree.order[starts[place]] = n
            starts[place] += 1
    return size


@kernel
def _is_cut(samples: Samples, tree: Tree, depth: int, size: int, left: int, room: int) -> bool:
    """Return whether undecided samples of a weight of `room` at least must be wrong; else choose the next weight."""
    sums, needs, totals = tree.sums[depth], samples.needs, tree.totals
    for i in range(len(totals)):
        totals[i] = 0
    slack = 0
    least = room
    for place in range(size):
        n = tree.order[place]
        if sums[n] >= needs[n]:
            break
        slack += sums[n] - needs[n]
        least = min(least, samples.counts[n])
        for i in range(len(totals)):
            totals[i] += samples.columns[n, i]
    largest = -1
    for i in range(len(totals)):
        if tree.free[i]:
            slack += abs(totals[i])
            if abs(totals[i]) > largest:
                largest, tree.variables[depth] = abs(totals[i]), i
    if slack < 0:  # one is wrong; more, if leaving out the worst does not mend it
        gain = 0
        for place in range(min((room - 1) // least, size)):
            n = tree.order[place]
            gain += left - (sums[n] - needs[n])
        if gain < -slack:
            return True
    return _disjoint(samples, tree, depth, size, left, room) >= room


@kernel
def _disjoint(samples: Samples, tree: Tree, depth: int, size: int, left: int, room: int) -> int:
    """Grow disjoint sets that each hold a wrong sample; return the sum of their least weights, up to `room`."""
    sums, needs, totals = tree.sums[depth], samples.needs, tree.totals
    weight = np.int64(0)
    first = 0
    while weight < room:
        while first < size and tree.is_used[tree.order[first]]:
            first += 1
        if first == size:
            break
        n = tree.order[first]
        tree.is_used[n] = True
        for i in range(len(totals)):
            totals[i] = samples.columns[n, i] * tree.free[i]
        slack, least = np.int64(sums[n] - needs[n]), samples.counts[n]
        is_wrong = slack + left < 0
        for _ in range(_MAX_SET):
            if is_wrong:
                break
            chosen = _best_next(samples, tree, depth, first, size, slack)
            if chosen < 0:
                break
            tree.is_used[chosen] = True
            slack += sums[chosen] - needs[chosen]
            least = min(least, samples.counts[chosen])
            reach = np.int64(0)
            for i in range(len(totals)):
                totals[i] += samples.columns[chosen, i] * tree.free[i]
                reach += abs(totals[i])
            is_wrong = slack + reach < 0
        if not is_wrong:
            break
        weight += least
    return weight


@kernel
def _best_next(samples: Samples, tree: Tree, depth: int, first: int, size: int, slack: int) -> int:
    """Return the sample that makes a set's slack least, with all free weights at their best; −1 if there is none."""
    sums, needs, totals = tree.sums[depth], samples.needs, tree.totals
    chosen, lowest = -1, np.int64(1 << 40)
    for place in range(first, size):
        n = tree.order[place]
        if tree.is_used[n]:
            continue
        own = slack + sums[n] - needs[n]
        if own >= lowest:
            break  # sorted by slack: no later one is lower
        reach = np.int64(0)
        column = samples.columns[n]
        for i in range(len(totals)):
            reach += abs(np.int16(totals[i] + column[i] * tree.free[i]))
        if own + reach < lowest:
            chosen, lowest = n, own + reach
    return chosen
