r"""The kernel of the search over one hidden layer: choose h words that together agree with as many samples as needed.

A hidden neuron with its outgoing weights matters only through its *word*: one bit per sample and output, set where
the neuron's contribution agrees with the target. A sample is right if enough of the h chosen words (with repetition)
agree with it. The search chooses words one after another; the state is, for each n, the set U_n of samples that still
need n agreements.

**Bound.** Let r words be left to choose, and give a sample that needs n agreements a rate ρ_n with 0 ≤ n ρ_n ≤ 1. A
sample that becomes right collects at least n agreements, so that [right] ≤ (1 − n ρ_n) + ρ_n·agreements, in both cases.
Summed over samples with weights w, and with σ(p) = Σ_n ρ_n w(U_n ∩ p) for a word p:

    loss ≥ lost + Σ_n n ρ_n w(U_n) − Σ_{chosen p} σ(p).

So the chosen words must bring Σ σ(p) ≥ *required* = lost + Σ_n n ρ_n w(U_n) − θ to end with a loss of at most θ. One
of them, a *head*, has σ ≥ required/r; branching is on the head of largest σ, and what cannot stand beside it is left
out. Samples that need little get rates below 1/n, since chance alone serves them: ρ_n = (n/r)^1.5 / n. Rates 1/n, the
obvious choice, need 50 to 500 times as many nodes.

A sample that needs all r words is lost as soon as one of them misses it, so that a word which misses more of these
than θ allows is no choice at all.

A price on disagreeing products is a sum over words, and is added to σ as it is.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.bits import popcount, weigh

SCALE = 1 << 20
"""Scores are whole multiples of 1/SCALE, so that bounds are exact and do not depend on rounding."""
NEVER = 2**62
_FEW = 48


def bound_rates(num_picks: int) -> NDArray[np.int64]:
    """ρ_n for r words left, in units of 1/SCALE, rounded down so that n ρ_n ≤ 1: shape (h + 1, h + 1), by [r, n]."""
    rates = np.zeros((num_picks + 1, num_picks + 1), dtype=np.int64)
    for r in range(1, num_picks + 1):
        for n in range(1, r + 1):
            rates[r, n] = SCALE // n if n == r else min(SCALE // n, math.floor(SCALE * (n / r) ** 1.5 / n))
    return rates


@numba.njit(cache=True, nogil=True)
def cover(
    words: NDArray[Any],
    gains: NDArray[Any],
    total_gain: int,
    needs: NDArray[Any],
    lost: int,
    planes: NDArray[Any],
    errors: int,
    rates: NDArray[Any],
    theta: int,
    floor: int,
    first: int,
    step: int,
    counting: bool,
    node_limit: int,
    multiplicities: NDArray[Any],
    primes: NDArray[Any],
    inverse_factorials: NDArray[Any],
    states: NDArray[Any],
    shared: NDArray[Any],
    progress: NDArray[Any],
) -> tuple[int, NDArray[Any], int, int, int, bool]:
    """Search for multisets of h words with a loss of at most `theta`.

    Parameters
    ----------
    words
        Agreements, one bit per sample: (n, words).
    gains, total_gain
        What a word's agreements are worth by themselves, (n,), and what agreement with all samples would be.
    needs
        Samples that need k agreements, (h + 1, words).
    lost
        Loss that is already decided.
    planes
        Weights of the samples, (bits, words).
    floor
        A loss known to be the least possible at best: a search that finds it stops.
    first, step
        Which heads of the root to follow: ``first``, ``first + step``, …
    counting
        Find and count all multisets of loss at most `theta`, or the best one only.
    multiplicities, primes, inverse_factorials
        How many settings are behind each word, modulo each prime, (n, primes); 1/k! modulo each prime,
        (primes, h + 1).
    states
        Filled with the first multisets found, as numbers of words: (cap, h).
    shared
        Least loss found so far by anybody, and whether to stop: (2,).
    progress
        Filled with the number of heads done and their number, (2,).

    Returns
    -------
    tuple
        Least loss found or NEVER, residues of the number of settings, number of states, nodes, a guess of the next
        loss worth trying, whether the search came to its end.
    """
    n, num_words = words.shape
    h = states.shape[1]
    num_bits = planes.shape[0]
    ids = np.empty((h, n), np.int64)
    scores = np.empty((h, n), np.int64)
    found_ids, found_scores = np.empty(n, np.int64), np.empty(n, np.int64)
    num_heads, num_kept, place = np.zeros(h, np.int64), np.zeros(h, np.int64), np.zeros(h, np.int64)
    wanted, lost_at = np.zeros(h, np.int64), np.zeros(h + 1, np.int64)
    need = np.zeros((h + 1, h + 2, num_words), np.uint64)
    need[0, : h + 1] = needs
    lost_at[0] = lost
    size = (h + 1) * num_words * num_bits
    masks, mask_word, mask_rate = np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size, np.int64)
    path = np.zeros(h, np.int64)
    left = np.zeros(num_words, np.uint64)
    residues = np.zeros(len(primes), np.int64)
    best, num_states, nodes, guess = np.int64(NEVER), np.int64(0), np.int64(0), np.int64(NEVER)

    depth = 0
    enter = True
    while depth >= 0:
        r = h - depth
        if enter:
            enter = False
            nodes += 1
            if shared[1] or nodes > node_limit:
                return best, residues, num_states, nodes, guess, False
            if not counting:
                theta = min(theta, shared[0] - 1)
            num_masks, target, all_masks, all_weight = 0, np.int64(0), 0, np.int64(0)
            for k in range(1, r + 1):
                if k == r:
                    all_masks = num_masks
                rate = errors * rates[r, k]
                for word in range(num_words):
                    if not need[depth, k, word]:
                        continue
                    for bit in range(num_bits):
                        mask = need[depth, k, word] & planes[bit, word]
                        if mask and rate:
                            masks[num_masks], mask_word[num_masks], mask_rate[num_masks] = mask, word, rate << bit
                            target += k * (rate << bit) * popcount(mask)
                            if k == r:
                                all_weight += popcount(mask) << bit
                            num_masks += 1
            required = (lost_at[depth] + r * total_gain - theta) * SCALE + target

            start, stop, low = 0, n, np.int64(0)
            if depth:
                start, stop = place[depth - 1], num_kept[depth - 1]
                low = wanted[depth - 1] - r * scores[depth - 1, start]
            if depth == 0 and r == 1:
                start = first
            # Samples that need all words left: what one word misses there is lost for certain.
            rate = errors * rates[r, r]
            required_by_all, spare = all_weight * rate, (theta - lost_at[depth]) * rates[r, r]
            kept, heads, most = 0, 0, np.int64(-1)
            for item in range(start, stop, step if depth == 0 and r == 1 else 1):
                word_id = item
                if depth:
                    if scores[depth - 1, item] < low:
                        continue
                    word_id = ids[depth - 1, item]
                score, missed = gains[word_id] * SCALE, required_by_all
                for m in range(num_masks):
                    part = mask_rate[m] * popcount(words[word_id, mask_word[m]] & masks[m])
                    score += part
                    if m >= all_masks:
                        missed -= part
                if missed > spare:
                    continue
                most = max(most, score)
                heads += score * r >= required
                found_ids[kept], found_scores[kept] = word_id, score
                kept += 1
            if kept == 0:
                depth -= 1
                continue
            if r * most < required:
                guess = min(guess, theta + (required - r * most + SCALE - 1) // SCALE)
                depth -= 1
                continue

            if counting and num_masks == 0 and total_gain == 0 and num_states >= len(states):
                # Nothing is left to decide: all completions have this loss.
                _count_completions(path, depth, found_ids[:kept], multiplicities, primes, inverse_factorials, residues)
                best = min(best, lost_at[depth])
                depth -= 1
                continue

            if r == 1:
                for item in range(kept):
                    if found_scores[item] >= required:
                        path[depth] = found_ids[item]
                        loss = theta + (required - found_scores[item]) // SCALE
                        if not counting:
                            required += (theta - loss + 1) * SCALE
                            theta = loss - 1
                            shared[0] = min(shared[0], loss)
                            num_states = 0
                        best = min(best, loss)
                        if counting:
                            _count_leaf(path, multiplicities, primes, inverse_factorials, residues)
                        if num_states < len(states):
                            states[num_states] = path
                            num_states += 1
                        if not counting and loss <= floor:
                            return best, residues, num_states, nodes, guess, True
                depth -= 1
                continue

            head, tail, bar = 0, heads, required - (r - 1) * most
            for item in range(kept):
                score = found_scores[item]
                if score * r >= required:
                    ids[depth, head], scores[depth, head] = found_ids[item], score
                    head += 1
                elif score >= bar:
                    ids[depth, tail], scores[depth, tail] = found_ids[item], score
                    tail += 1
            _sort_descending(ids[depth], scores[depth], heads)
            num_heads[depth], num_kept[depth], wanted[depth] = heads, tail, required
            place[depth] = first - step if depth == 0 else -1
            if depth == 0:
                progress[1] = heads

            if r == 2:
                for i in range(first if depth == 0 else 0, heads, step if depth == 0 else 1):
                    if shared[1]:  # one node, but with two hidden neurons it is the whole search
                        return best, residues, num_states, nodes, guess, False
                    if depth == 0:
                        progress[0] = i
                    p = ids[depth, i]
                    base = lost_at[depth] + 2 * total_gain - gains[p]
                    for word in range(num_words):
                        one, two = need[depth, 1, word], need[depth, 2, word]
                        base += errors * weigh(two & ~words[p, word], planes, word)
                        left[word] = (one & ~words[p, word]) | (two & words[p, word])
                    if total_gain == 0 and base > theta:
                        guess = min(guess, base)
                        continue
                    # Scores of heads fall, so that what is too low beside this one is too low beside all to come.
                    bar = wanted[depth] - scores[depth, i]
                    still = heads
                    for j in range(heads, tail):
                        if scores[depth, j] >= bar:
                            ids[depth, still], scores[depth, still] = ids[depth, j], scores[depth, j]
                            still += 1
                    tail = still
                    for j in range(i, tail):
                        q = ids[depth, j]
                        loss = base - gains[q]
                        for word in range(num_words):
                            loss += errors * weigh(left[word] & ~words[q, word], planes, word)
                        if loss > theta:
                            guess = min(guess, loss)
                            continue
                        path[depth], path[depth + 1] = p, q
                        best = min(best, loss)
                        if counting:
                            _count_leaf(path, multiplicities, primes, inverse_factorials, residues)
                        else:
                            theta = loss - 1
                            shared[0] = min(shared[0], loss)
                            num_states = 0
                        if num_states < len(states):
                            states[num_states] = path
                            num_states += 1
                        if not counting and loss <= floor:
                            return best, residues, num_states, nodes, guess, True
                depth -= 1
                continue

        place[depth] += step if depth == 0 else 1
        i = place[depth]
        if depth == 0:
            progress[0] = min(i, num_heads[0])
        if i >= num_heads[depth]:
            depth -= 1
            continue
        p = ids[depth, i]
        path[depth] = p
        lost_at[depth + 1] = lost_at[depth] + total_gain - gains[p]
        for word in range(num_words):
            a = words[p, word]
            lost_at[depth + 1] += errors * weigh(need[depth, r, word] & ~a, planes, word)
            for k in range(1, r):
                need[depth + 1, k, word] = (need[depth, k, word] & ~a) | (need[depth, k + 1, word] & a)
        depth += 1
        enter = True
    return best, residues, num_states, nodes, guess, True


@numba.njit(cache=True, nogil=True)
def _sort_descending(ids: NDArray[Any], scores: NDArray[Any], count: int) -> None:
    """Sort the first entries by score, highest first; stable, so that the order depends on nothing else."""
    if count > _FEW:
        order = np.argsort(-scores[:count], kind="mergesort")
        ids[:count], scores[:count] = ids[:count][order], scores[:count][order]
        return
    for i in range(1, count):
        identity, score = ids[i], scores[i]
        j = i
        while j > 0 and scores[j - 1] < score:
            ids[j], scores[j] = ids[j - 1], scores[j - 1]
            j -= 1
        ids[j], scores[j] = identity, score


@numba.njit(cache=True, nogil=True)
def _count_leaf(
    path: NDArray[Any],
    multiplicities: NDArray[Any],
    primes: NDArray[Any],
    inverse_factorials: NDArray[Any],
    residues: NDArray[Any],
) -> None:
    """Add Π μ / Π k!, the settings behind a multiset in any order, up to the factor h! that all multisets share."""
    h = len(path)
    for index in range(len(primes)):
        prime = primes[index]
        term = np.int64(1)
        for i in range(h):
            term = term * multiplicities[path[i], index] % prime
        for i in range(h):
            times, is_last = 1, True
            for j in range(h):
                if path[j] == path[i]:
                    if j < i:
                        times += 1
                    elif j > i:
                        is_last = False
            if is_last:
                term = term * inverse_factorials[index, times] % prime
        residues[index] = (residues[index] + term) % prime


@numba.njit(cache=True, nogil=True)
def _count_completions(
    path: NDArray[Any],
    depth: int,
    choices: NDArray[Any],
    multiplicities: NDArray[Any],
    primes: NDArray[Any],
    inverse_factorials: NDArray[Any],
    residues: NDArray[Any],
) -> None:
    """Add what `_count_leaf` would for every multiset of choices that completes the path.

    The sum is a coefficient of the product, over words x chosen a_x times already, of Σ_k μ^(a_x + k) z^k / (a_x + k)!,
    in which k = 0 alone is open to a word that is no choice any more, and which is exp(M z) for all new words together.
    """
    r = len(path) - depth
    power = np.zeros(r + 1, np.int64)
    product = np.zeros(r + 1, np.int64)
    for index in range(len(primes)):
        prime = primes[index]
        total = np.int64(0)
        for choice in choices:
            total += multiplicities[choice, index]
        for i in range(depth):
            is_last = True
            for j in range(i + 1, depth):
                if path[j] == path[i]:
                    is_last = False
            if is_last:
                for choice in choices:
                    if choice == path[i]:
                        total -= multiplicities[choice, index]
        total %= prime
        term = np.int64(1)
        for k in range(r + 1):
            power[k] = term * inverse_factorials[index, k] % prime
            term = term * total % prime
        for i in range(depth):
            times, is_last = 1, True
            for j in range(depth):
                if path[j] == path[i]:
                    if j < i:
                        times += 1
                    elif j > i:
                        is_last = False
            if not is_last:
                continue
            is_open = False
            for choice in choices:
                if choice == path[i]:
                    is_open = True
            factor = np.int64(1)
            for _ in range(times):
                factor = factor * multiplicities[path[i], index] % prime
            product[:] = 0
            for k in range(r + 1 if is_open else 1):
                rate = factor * inverse_factorials[index, times + k] % prime
                for m in range(r + 1 - k):
                    product[m + k] = (product[m + k] + rate * power[m]) % prime
                factor = factor * multiplicities[path[i], index] % prime
            power[:] = product
        residues[index] = (residues[index] + power[r]) % prime
