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

Scores are whole multiples of 1/scale, so that bounds are exact and do not depend on rounding, and the scale is so small
that nothing exceeds 62 bits, see `bnnbench.optimum.search.words.score_scale`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.bits import popcount, weigh
from bnnbench.optimum.search.compiled import kernel, part
from bnnbench.optimum.search.multipliers import STEPS, Multipliers, multipliers_for, sharpen
from bnnbench.optimum.search.multisets import Ways, count_completions, count_leaf
from bnnbench.optimum.search.tally import Ask, Kept, accept, is_stopped
from bnnbench.optimum.search.words import Words

_MANY = 8
"""Heads of a node from which better rates pay: a round of them costs about as much as the scores below one head."""
_RUN = 48
"""Entries that are sorted by insertion."""
_DONE, _BRANCHES, _STOPPED, _ENOUGH = range(4)


class Tree(NamedTuple):
    """The state of a search: by depth, the words that may still be chosen and the samples that still need some."""

    path: NDArray[np.int64]
    ids: NDArray[np.int64]
    scores: NDArray[np.int64]
    num_heads: NDArray[np.int64]
    num_kept: NDArray[np.int64]
    place: NDArray[np.int64]
    required: NDArray[np.int64]
    lost: NDArray[np.int64]
    need: NDArray[np.uint64]
    found_ids: NDArray[np.int64]
    found_scores: NDArray[np.int64]
    masks: NDArray[np.uint64]
    mask_words: NDArray[np.int64]
    mask_rates: NDArray[np.int64]
    left: NDArray[np.uint64]
    multipliers: Multipliers


def plant(problem: Words, kept: Kept) -> Tree:
    """Return the memory of a search that has not begun."""
    n, num_words = problem.words.shape
    h = kept.states.shape[1]
    size = (h + 1) * num_words * problem.planes.shape[0]
    need, lost = np.zeros((h + 1, h + 2, num_words), np.uint64), np.zeros(h + 1, np.int64)
    need[0, : h + 1] = problem.needs
    lost[0] = problem.lost
    return Tree(
        np.zeros(h, np.int64), np.empty((h, n), np.int64), np.empty((h, n), np.int64), np.zeros(h, np.int64),
        np.zeros(h, np.int64), np.zeros(h, np.int64), np.zeros(h, np.int64), lost, need, np.empty(n, np.int64),
        np.empty(n, np.int64), np.empty(size, np.uint64), np.empty(size, np.int64), np.empty(size, np.int64),
        np.zeros(num_words, np.uint64), multipliers_for(problem),
    )  # fmt: skip


@kernel
def cover(problem: Words, ask: Ask, ways: Ways, kept: Kept, tree: Tree) -> bool:
    """Search for multisets of h words with a loss of at most θ; return whether the search came to its end."""
    depth, is_new = 0, True
    while depth >= 0:
        if is_new:
            is_new = False
            outcome = _visit(problem, ask, ways, kept, tree, depth)
            if outcome == _STOPPED:
                return False
            if outcome == _ENOUGH:
                return True
            if outcome == _DONE:
                depth -= 1
                continue
        if _descend(problem, ask, tree, depth):
            depth += 1
            is_new = True
        else:
            depth -= 1
    return True


@part
def _visit(problem: Words, ask: Ask, ways: Ways, kept: Kept, tree: Tree, depth: int) -> int:
    """Look at a node: bound it, finish what has one or two words left, or list the heads to branch on."""
    if is_stopped(ask, kept):
        return _STOPPED
    tally = kept.tally
    r = len(tree.path) - depth
    num_masks, all_masks, all_weight, target = _price(problem, tree, depth)
    required = (tree.lost[depth] + r * problem.total_gain - tally.theta) * problem.scale + target
    # Samples that need all words left: what one word misses there is lost for certain.
    rate = problem.errors * problem.rates[r, r]
    allowed = (tally.theta - tree.lost[depth]) * problem.rates[r, r] - all_weight * rate
    count, heads, most = _choices(problem, ask, tree, depth, num_masks, all_masks, required, allowed)
    if count == 0:
        return _DONE
    # At the root all tasks must have the same scores, whatever θ is by now, to share the heads.
    if depth and r > 2 and heads >= _MANY and num_masks and problem.scale >= STEPS:
        fixed = required - target
        ids, scores, need = tree.found_ids[:count], tree.found_scores[:count], tree.need[depth, : r + 1]
        heads, most, required = sharpen(problem, tree.multipliers, need, ids, scores, fixed, heads, most, required)
    if r * most < required:
        tally.guess = min(tally.guess, tally.theta + (required - r * most + problem.scale - 1) // problem.scale)
        return _DONE
    if ask.counting and num_masks == 0 and problem.total_gain == 0 and tally.num_states >= len(kept.states):
        # Nothing is left to decide: all completions have this loss.
        count_completions(tree.path[:depth], r, tree.found_ids[:count], ways, kept.residues)
        tally.best = min(tally.best, tree.lost[depth])
        return _DONE
    if r == 1:
        return _finish_one(problem, ask, ways, kept, tree, depth, count, required)
    last = _split(tree, depth, count, heads, required, required - (r - 1) * most)
    tree.num_heads[depth], tree.num_kept[depth], tree.required[depth] = heads, last, required
    tree.place[depth] = ask.first - ask.step if depth == 0 else -1
    if depth == 0:
        ask.progress[1] = heads
    return _finish_two(problem, ask, ways, kept, tree, depth) if r == 2 else _BRANCHES


@part
def _price(problem: Words, tree: Tree, depth: int) -> tuple[int, int, int, int]:
    """List the samples that need something, with their rates, as masks.

    Returns the number of masks, that of the first mask of samples that need all words left, the weight of these, and
    Σ n ρ_n w(U_n).
    """
    r = len(tree.path) - depth
    num_bits, num_words = problem.planes.shape
    num_masks, first_of_all, weight_of_all, target = 0, 0, np.int64(0), np.int64(0)
    for k in range(1, r + 1):
        if k == r:
            first_of_all = num_masks
        rate = problem.errors * problem.rates[r, k]
        for word in range(num_words):
            need = tree.need[depth, k, word]
            if not need:
                continue
            for bit in range(num_bits):
                mask = need & problem.planes[bit, word]
                if mask and problem.errors:
                    tree.masks[num_masks], tree.mask_words[num_masks] = mask, word
                    tree.mask_rates[num_masks] = rate << bit
                    num_masks += 1
                    target += k * (rate << bit) * popcount(mask)
                    if k == r:
                        weight_of_all += popcount(mask) << bit
    return num_masks, first_of_all, weight_of_all, target


@part
def _choices(
    problem: Words, ask: Ask, tree: Tree, depth: int, num_masks: int, first_of_all: int, required: int, allowed: int
) -> tuple[int, int, int]:
    """Score the words that may still be chosen, and leave out those that lose more than θ allows for certain.

    Returns how many there are, how many of them are heads, and the best score.
    """
    r = len(tree.path) - depth
    start, stop, step, low = 0, len(problem.words), 1, np.int64(0)
    if depth:
        start, stop = tree.place[depth - 1], tree.num_kept[depth - 1]
        low = tree.required[depth - 1] - r * tree.scores[depth - 1, start]
    elif r == 1:
        start, step = ask.first, ask.step
    count, heads, most = 0, 0, np.int64(-1)
    for item in range(start, stop, step):
        identity = item
        if depth:
            if tree.scores[depth - 1, item] < low:
                continue
            identity = tree.ids[depth - 1, item]
        score, agreed = problem.gains[identity] * problem.scale, np.int64(0)
        for m in range(first_of_all):
            score += tree.mask_rates[m] * popcount(problem.words[identity, tree.mask_words[m]] & tree.masks[m])
        for m in range(first_of_all, num_masks):
            agreed += tree.mask_rates[m] * popcount(problem.words[identity, tree.mask_words[m]] & tree.masks[m])
        if -agreed > allowed:
            continue
        score += agreed
        most = max(most, score)
        heads += score * r >= required
        tree.found_ids[count], tree.found_scores[count] = identity, score
        count += 1
    return count, heads, most


@part
def _split(tree: Tree, depth: int, count: int, heads: int, required: int, bar: int) -> int:
    """Put the heads first, the strongest in front, then what can stand beside a head; return the number of both."""
    r = len(tree.path) - depth
    head, last = 0, heads
    for item in range(count):
        score = tree.found_scores[item]
        if score * r >= required:
            tree.ids[depth, head], tree.scores[depth, head] = tree.found_ids[item], score
            head += 1
        elif score >= bar:
            tree.ids[depth, last], tree.scores[depth, last] = tree.found_ids[item], score
            last += 1
    _sort_descending(tree.ids[depth], tree.scores[depth], tree.found_ids, tree.found_scores, heads)
    return last


@part
def _finish_one(
    problem: Words, ask: Ask, ways: Ways, kept: Kept, tree: Tree, depth: int, count: int, required: int
) -> int:
    """Choose the last word: with one left the scores are exact."""
    theta, bar = kept.tally.theta, required
    for item in range(count):
        if tree.found_scores[item] < bar:
            continue
        tree.path[depth] = tree.found_ids[item]
        loss = theta + (required - tree.found_scores[item]) // problem.scale
        if ask.counting:
            count_leaf(tree.path, ways, kept.residues)
        else:
            bar = tree.found_scores[item] + problem.scale
        if accept(ask, kept, tree.path, loss):
            return _ENOUGH
    return _DONE


@part
def _finish_two(problem: Words, ask: Ask, ways: Ways, kept: Kept, tree: Tree, depth: int) -> int:
    """Choose the last two words: a head, and what stands beside it."""
    tally, words, planes, errors = kept.tally, problem.words, problem.planes, problem.errors
    heads, last = tree.num_heads[depth], tree.num_kept[depth]
    start, step = (ask.first, ask.step) if depth == 0 else (0, 1)
    for i in range(start, heads, step):
        if ask.shared[1]:  # one node, but with two hidden neurons it is the whole search
            return _STOPPED
        if depth == 0:
            ask.progress[0] = i
        p = tree.ids[depth, i]
        base = tree.lost[depth] + 2 * problem.total_gain - problem.gains[p]
        for word in range(words.shape[1]):
            one, two = tree.need[depth, 1, word], tree.need[depth, 2, word]
            base += errors * weigh(two & ~words[p, word], planes, word)
            tree.left[word] = (one & ~words[p, word]) | (two & words[p, word])
        if problem.total_gain == 0 and base > tally.theta:
            tally.guess = min(tally.guess, base)
            continue
        last = _beside(tree, depth, i, heads, last)
        for j in range(i, last):
            q = tree.ids[depth, j]
            loss = base - problem.gains[q]
            for word in range(words.shape[1]):
                loss += errors * weigh(tree.left[word] & ~words[q, word], planes, word)
            if loss > tally.theta:
                tally.guess = min(tally.guess, loss)
                continue
            tree.path[depth], tree.path[depth + 1] = p, q
            if ask.counting:
                count_leaf(tree.path, ways, kept.residues)
            if accept(ask, kept, tree.path, loss):
                return _ENOUGH
    return _DONE


@part
def _beside(tree: Tree, depth: int, head: int, heads: int, last: int) -> int:
    """Drop what is too low beside a head; return how many are left, heads included.

    Scores of heads fall, so that what is too low beside this one is too low beside all to come.
    """
    bar = tree.required[depth] - tree.scores[depth, head]
    still = heads
    for j in range(heads, last):
        if tree.scores[depth, j] >= bar:
            tree.ids[depth, still], tree.scores[depth, still] = tree.ids[depth, j], tree.scores[depth, j]
            still += 1
    return still


@part
def _descend(problem: Words, ask: Ask, tree: Tree, depth: int) -> bool:
    """Choose the next head and say what is needed below; return False if there is none."""
    tree.place[depth] += ask.step if depth == 0 else 1
    i = tree.place[depth]
    if depth == 0:
        ask.progress[0] = min(i, tree.num_heads[0])
    if i >= tree.num_heads[depth]:
        return False
    r = len(tree.path) - depth
    p = tree.ids[depth, i]
    tree.path[depth] = p
    lost = tree.lost[depth] + problem.total_gain - problem.gains[p]
    for word in range(problem.words.shape[1]):
        a = problem.words[p, word]
        lost += problem.errors * weigh(tree.need[depth, r, word] & ~a, problem.planes, word)
        for k in range(1, r):
            tree.need[depth + 1, k, word] = (tree.need[depth, k, word] & ~a) | (tree.need[depth, k + 1, word] & a)
    tree.lost[depth + 1] = lost
    return True


@kernel
def _sort_descending(
    ids: NDArray[Any], scores: NDArray[Any], spare_ids: NDArray[Any], spare_scores: NDArray[Any], count: int
) -> None:
    """Sort the first entries by score, highest first; stable, so that the order depends on nothing else."""
    for start in range(0, count, _RUN):
        _sort_run(ids, scores, start, min(start + _RUN, count))
    width = _RUN
    while width < count:
        for start in range(0, count, 2 * width):
            middle, stop = min(start + width, count), min(start + 2 * width, count)
            left, right = start, middle
            for place in range(start, stop):
                is_left = right == stop or (left < middle and scores[left] >= scores[right])
                source = left if is_left else right
                spare_ids[place], spare_scores[place] = ids[source], scores[source]
                left, right = left + is_left, right + (not is_left)
        for place in range(count):
            ids[place], scores[place] = spare_ids[place], spare_scores[place]
        width *= 2


@part
def _sort_run(ids: NDArray[Any], scores: NDArray[Any], start: int, stop: int) -> None:
    """Sort a few entries by insertion."""
    for i in range(start + 1, stop):
        identity, score = ids[i], scores[i]
        j = i
        while j > start and scores[j - 1] < score:
            ids[j], scores[j] = ids[j - 1], scores[j - 1]
            j -= 1
        ids[j], scores[j] = identity, score
