r"""Multipliers of a bound, one per sample, raised at a node until they exclude it.

The bound of `bnnbench.optimum.search.hidden_layer_kernel` holds for any rate ρ_x of a sample x that needs n_x words,
with 0 ≤ n_x ρ_x ≤ 1: to end with a loss of at most θ, r words must bring

    Σ σ(p) ≥ required = lost − θ + Σ_x n_x ρ_x w_x,     σ(p) = Σ_x ρ_x w_x [p agrees with x].

With σ* the best score, no completion exists if D(ρ) = required − r σ* > 0. D is concave, and its maximum is the least
loss of fractional choices of words (linear programming duality). Rates that depend on n alone are its start; then the
rates follow a subgradient, n_x − r·[the best word agrees with x], with the step length of Polyak toward a D just above
0. Rates are whole multiples of a unit, so that the bound is exact, and their bits are masks over samples, so that all
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
_ROUNDS, _PATIENCE = 24, 6
"""Rounds of a node, and those after which it must lack less than one error."""
_GOAL = 0.3
"""D in errors that a step aims at: a goal of 0 is met from below only."""


class Multipliers(NamedTuple):
    """Memory of the rates at a node.

    Parameters
    ----------
    weights
        Weight of each sample, int64 of shape (64 · words,).
    places, needs, rates
        Of the samples that need something: where their bit is, how many words they need, and their rate in steps.
    masks, mask_words, mask_rates
        Samples by bits of rate times weight; see `Tree`.
    scores
        Of the words that may still be chosen.
    """

    weights: NDArray[np.int64]
    places: NDArray[np.int64]
    needs: NDArray[np.int64]
    rates: NDArray[np.float64]
    masks: NDArray[np.uint64]
    mask_words: NDArray[np.int64]
    mask_rates: NDArray[np.int64]
    scores: NDArray[np.int64]


def multipliers_for(problem: Words) -> Multipliers:
    """Return the memory for a problem."""
    num_planes, num_words = problem.planes.shape
    size, num_masks = 64 * num_words, _BITS * num_planes * num_words
    bits = problem.planes[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    weights = (bits.astype(np.int64) << np.arange(num_planes)[:, None, None]).sum(axis=0).ravel()
    return Multipliers(
        weights, np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size), np.empty(num_masks, np.uint64),
        np.empty(num_masks, np.int64), np.empty(num_masks, np.int64), np.empty(len(problem.words), np.int64),
    )  # fmt: skip


@part
def sharpen(
    problem: Words, many: Multipliers, need: NDArray[Any], ids: NDArray[Any], scores: NDArray[Any],
    fixed: int, most: int, required: int,
) -> tuple[int, int]:  # fmt: skip
    """Raise the bound of a node with r words left; return the best score and what is required.

    Parameters
    ----------
    need
        Samples by the words they need: uint64 (r + 1, words).
    ids, scores
        Words that may be chosen, and their scores, which are put in their place if they bound better.
    fixed
        What is required without rates.
    most, required
        Of the rates so far.
    """
    r = len(need) - 1
    unit, error = problem.scale // STEPS, problem.errors * problem.scale
    size = _start(problem, many, need)
    best = required - r * most
    for attempt in range(_ROUNDS):
        num_masks, needed = _bits_of_rates(problem, many, size, unit)
        needed += fixed
        chosen, highest = _score(problem, many, ids, num_masks)
        gap = needed - r * highest
        if gap > best:
            best, most, required = gap, highest, needed
            for item in range(len(ids)):
                scores[item] = many.scores[item]
        if best > 0 or (attempt >= _PATIENCE and best < -error):
            break
        _step(problem, many, size, r, ids[chosen], _GOAL - gap / error)
    return most, required


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
    num_planes, num_words = problem.planes.shape
    for m in range(len(many.masks)):
        many.masks[m] = np.uint64(0)
    total: Any = np.int64(0)
    for i in range(size):
        place = many.places[i]
        steps = np.int64(many.rates[i])
        total += many.needs[i] * steps * many.weights[place]
        bit = np.uint64(1) << np.uint64(place & 63)
        for level in range(_BITS):
            if steps >> level & 1:
                for plane in range(num_planes):
                    if many.weights[place] >> plane & 1:
                        many.masks[(level * num_planes + plane) * num_words + (place >> 6)] |= bit
    num_masks = 0
    for m in range(len(many.masks)):
        if many.masks[m]:
            many.masks[num_masks], many.mask_words[num_masks] = many.masks[m], m % num_words
            row = m // num_words
            many.mask_rates[num_masks] = (problem.errors * unit) << (row // num_planes + row % num_planes)
            num_masks += 1
    return num_masks, problem.errors * unit * total


@part
def _score(problem: Words, many: Multipliers, ids: NDArray[Any], num_masks: int) -> tuple[int, int]:
    """Score the words; return the place of the best one, and its score."""
    chosen, highest = 0, -1
    for item in range(len(ids)):
        identity = ids[item]
        score = problem.gains[identity] * problem.scale
        for m in range(num_masks):
            score += many.mask_rates[m] * popcount(problem.words[identity, many.mask_words[m]] & many.masks[m])
        many.scores[item] = score
        if score > highest:
            chosen, highest = item, score
    return chosen, highest


@part
def _step(problem: Words, many: Multipliers, size: int, r: int, best: int, lack: float) -> None:
    """Move the rates along the subgradient of the best word, by what lacks to the goal."""
    norm = 0.0
    for turn in range(2):
        for i in range(size):
            place, n = many.places[i], many.needs[i]
            agrees = (problem.words[best, place >> 6] >> np.uint64(place & 63)) & np.uint64(1)
            slope = n - r if agrees else n
            highest = STEPS / n
            if (slope < 0 and many.rates[i] <= 0) or (slope > 0 and many.rates[i] >= highest):
                continue
            if turn == 0:
                norm += slope * slope * many.weights[place]
            else:
                many.rates[i] = min(max(many.rates[i] + STEPS * lack / norm * slope, 0.0), highest)
        if norm == 0:
            break
