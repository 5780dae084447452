r"""Multipliers of a bound, one per sample, that leave few words to branch on at a node.

The bound of `bnnbench.optimum.search.hidden_layer_kernel` holds for any rate ρ_x of a sample x that needs n_x words,
with 0 ≤ n_x ρ_x ≤ 1: to end with a loss of at most θ, r words must bring

    Σ σ(p) ≥ required = lost − θ + Σ_x n_x ρ_x w_x,     σ(p) = Σ_x ρ_x w_x [p agrees with x].

One of them is a head, with an excess r σ(p) − required of at least 0, so that a node has no more branches than heads
under the rates of one's choice, and is excluded by rates without a head. The sum of the excess over the heads is convex
in the rates. They follow its subgradient, −Σ_heads (n_x − r·[p agrees with x]), with the step length of Polyak toward a
mean excess just below 0, and the rates with the fewest heads are kept. A subgradient of the best word alone, whose goal
is the linear program of fractional choices, excludes hopeless nodes as well, but leaves ten times as many heads
at the others. Rates that depend on n alone are the start.

Rates are whole multiples of a unit, so that the bound is exact, and their bits are masks over samples, so that all
words are scored by counting bits.

References
----------
B. T. Polyak, "Minimization of unsmooth functionals", USSR Computational Mathematics and Mathematical Physics, 1969.
M. Held, P. Wolfe and H. P. Crowder, "Validation of subgradient optimization", Mathematical Programming, 1974.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.bits import popcount
from bnnbench.optimum.search.compiled import part
from bnnbench.optimum.search.words import Words

STEPS = 96
"""A rate is a multiple of 1/96, which 1, 1/2, 1/3 and 1/4 are as well."""
_BITS = 7
"""Of such multiples."""
_ROUNDS = 24
"""Rounds of a node."""
_GOAL = 0.3
"""What the mean head is to lack, in errors: a goal of 0 is met from one side only."""


class Multipliers(NamedTuple):
    """Memory of the rates at a node.

    Parameters
    ----------
    weights
        Weight of each sample, int64 of shape (64 · words,).
    places, needs, rates
        Of the samples that need something: where their bit is, how many words they need, and their rate in steps.
    masks, mask_words, mask_bits
        Samples by bits of rate times weight, their place in words, and which bit it is.
    held, scores
        The words that may still be chosen, uint64 (words, n), and their scores.
    agreeing
        How many heads agree with each sample, int64 of shape (64 · words,).
    """

    weights: NDArray[np.int64]
    places: NDArray[np.int64]
    needs: NDArray[np.int64]
    rates: NDArray[np.float64]
    masks: NDArray[np.uint64]
    mask_words: NDArray[np.int64]
    mask_bits: NDArray[np.int64]
    held: NDArray[np.uint64]
    scores: NDArray[np.int64]
    agreeing: NDArray[np.int64]


def multipliers_for(problem: Words) -> Multipliers:
    """Return the memory for a problem."""
    num_planes, num_words = problem.planes.shape
    size, num_masks = 64 * num_words, (_BITS + num_planes) * num_words
    bits = problem.planes[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    weights = (bits.astype(np.int64) << np.arange(num_planes)[:, None, None]).sum(axis=0).ravel()
    return Multipliers(
        weights, np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(num_masks, np.uint64),
        np.empty(num_masks, np.int64), np.empty(num_masks, np.int64), np.empty(problem.words.T.shape, np.uint64),
        np.empty(len(problem.words), np.int64), np.empty(size, np.int64),
    )  # fmt: skip


@part
def sharpen(
    problem: Words, many: Multipliers, need: NDArray[Any], ids: NDArray[Any], scores: NDArray[Any],
    fixed: int, heads: int, most: int, required: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Lower the number of heads of a node with r words left; return it, the best score and what is required.

    Parameters
    ----------
    need
        Samples by the words they need: uint64 (r + 1, words).
    ids, scores
        Words that may be chosen, and their scores, which are put in their place if they leave fewer heads.
    fixed
        What is required without rates.
    heads, most, required
        Of the rates so far.
    """
    r = len(need) - 1
    unit, error = problem.scale // STEPS, problem.errors * problem.scale
    size = _start(problem, many, need)
    for word in range(need.shape[1]):
        for item in range(len(ids)):
            many.held[word, item] = problem.words[ids[item], word]
    for _ in range(_ROUNDS):
        num_masks, needed = _bits_of_rates(problem, many, size, unit)
        needed += fixed
        _score(problem, many, ids, num_masks, unit)
        num_heads, highest, excess = _heads(many, len(ids), r, needed)
        if num_heads < heads:
            heads, most, required = num_heads, highest, needed
            for item in range(len(ids)):
                scores[item] = many.scores[item]
        if num_heads == 0:
            break
        _step(many, size, r, num_heads, _GOAL + excess / error)
    return heads, most, required


@part
def _start(problem: Words, many: Multipliers, need: NDArray[Any]) -> int:
    """List the samples that need something, with rates that depend on what they need; return their number."""
    r, size = len(need) - 1, 0
    for k in range(1, r + 1):
        for word in range(need.shape[1]):
            rest = need[k, word]
            while rest:
                lowest = rest & (~rest + np.uint64(1))
                place = popcount(lowest - np.uint64(1))
                rest ^= lowest
                many.places[size], many.needs[size] = 64 * word + place, k
                many.rates[size] = STEPS * problem.rates[r, k] / problem.scale
                size += 1
    return size


@part
def _bits_of_rates(problem: Words, many: Multipliers, size: int, unit: int) -> tuple[int, int]:
    """Fill in the masks of the rates, rounded down to steps; return their number and the sum of n ρ w in errors."""
    num_words = problem.words.shape[1]
    for m in range(len(many.masks)):
        many.masks[m] = np.uint64(0)
    total: Any = np.int64(0)
    for i in range(size):
        place = many.places[i]
        rest = np.int64(many.rates[i]) * many.weights[place]
        total += many.needs[i] * rest
        while rest:
            lowest = rest & -rest
            row = popcount(np.uint64(lowest - 1)) * num_words + (place >> 6)
            many.masks[row] |= np.uint64(1) << np.uint64(place & 63)
            rest ^= lowest
    num_masks = 0
    for m in range(len(many.masks)):
        if many.masks[m]:
            many.masks[num_masks], many.mask_words[num_masks] = many.masks[m], m % num_words
            many.mask_bits[num_masks] = m // num_words
            num_masks += 1
    return num_masks, problem.errors * unit * total


@part
def _score(problem: Words, many: Multipliers, ids: NDArray[Any], num_masks: int, unit: int) -> None:
    """Score the words that may be chosen: loops over words inside, so that a processor takes several at a time."""
    for item in range(len(ids)):
        many.scores[item] = 0
    for m in range(num_masks):
        mask, word, bit = many.masks[m], many.mask_words[m], many.mask_bits[m]
        for item in range(len(ids)):
            many.scores[item] += popcount(many.held[word, item] & mask) << bit
    for item in range(len(ids)):
        many.scores[item] = many.scores[item] * problem.errors * unit + problem.gains[ids[item]] * problem.scale


@part
def _heads(many: Multipliers, count: int, r: int, needed: int) -> tuple[int, int, float]:
    """Find the heads and count for each sample those that agree; return their number, best score and mean excess."""
    num_heads: Any = np.int64(0)
    highest: Any = np.int64(-1)
    excess = 0.0
    for place in range(len(many.agreeing)):
        many.agreeing[place] = 0
    for item in range(count):
        score = many.scores[item]
        highest = max(highest, score)
        if score * r < needed:
            continue
        num_heads += 1
        excess += score * r - needed
        for word in range(len(many.held)):
            bits = many.held[word, item]
            for place in range(64):
                many.agreeing[64 * word + place] += (bits >> np.uint64(place)) & np.uint64(1)
    return num_heads, highest, excess / max(1, num_heads)


@part
def _step(many: Multipliers, size: int, r: int, num_heads: int, lack: float) -> None:
    """Move the rates along the mean subgradient of the heads, by what a head has to lose on average."""
    norm, share = 0.0, r / num_heads
    for turn in range(2):
        for i in range(size):
            place, n = many.places[i], many.needs[i]
            slope = n - share * many.agreeing[place]
            highest = STEPS / n
            if (slope < 0 and many.rates[i] <= 0) or (slope > 0 and many.rates[i] >= highest):
                continue
            if turn == 0:
                norm += slope * slope * many.weights[place]
            else:
                many.rates[i] = min(max(many.rates[i] + STEPS * lack / norm * slope, 0.0), highest)
        if norm == 0:
            break
