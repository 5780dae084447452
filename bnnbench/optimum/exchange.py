"""Exchange two hidden neurons at a time, with their outgoing weights, for the best two of all.

A network of one hidden layer is a multiset of words, see `bnnbench.optimum.search.hidden_layer`. Two words are
taken out, and a search over all words finds the pair that lowers the loss most. If none does, a random one of those
that leave it as it is takes the place, and after some steps in vain a few words are drawn anew (iterated local search).

References
----------
H. R. Lourenço, O. C. Martin and T. Stützle, "Iterated local search", Handbook of Metaheuristics, 2003.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.hidden_layer import HiddenLayer
from bnnbench.optimum.search.space import Query
from bnnbench.optimum.search.tally import NEVER

_STEPS, _WORK = 5_000, 3 * 10**6
"""Exchanges at most, and those times the words that each looks at: some seconds."""
_PATIENCE, _KICK = 50, 3
"""Steps in vain before words are drawn anew, and how many of them."""
_TIES = 64
"""Pairs among which one is drawn."""
_NODES = 10_000
"""Nodes that a step may take."""


def exchanged_weights(
    space: HiddenLayer, random: np.random.Generator, *, num_steps: int | None = None, floor: int = 0
) -> tuple[NDArray[np.int8], int]:
    """Return the best weights that some exchanges meet, int8 (num_weights,), and their loss above the base.

    Parameters
    ----------
    num_steps
        Exchanges of two words; None: what takes some seconds.
    floor
        A loss at which to stop.
    """
    ceiling = space.ceiling
    root, state = _drawn(space, random)
    loss, best, best_root, best_state, since = ceiling, ceiling, root, state, 0
    for _ in range(min(_STEPS, _WORK // space.num_words) if num_steps is None else num_steps):
        state = random.permutation(state)
        num_picks = min(2, len(state))
        kept = state[num_picks:]
        found = space.complete(root, kept, num_picks, _query(loss - 1, floor, counting=False))
        since = 0 if found.loss < NEVER else since + 1
        if found.loss < NEVER:
            loss = found.loss
        else:
            found = space.complete(root, kept, num_picks, _query(loss, floor, counting=True))
        if len(found.states):
            state = np.concatenate([random.choice(found.states), kept])
        if loss < best:
            best, best_root, best_state = loss, root, state
        if best <= floor:
            break
        if since >= _PATIENCE:
            root, drawn = _drawn(space, random)
            state = np.concatenate([drawn[:_KICK], state[_KICK:]])
            loss, since = ceiling, 0
    return space.settings(best_root * space.num_splits, best_state, 1)[0], best


def _drawn(space: HiddenLayer, random: np.random.Generator) -> tuple[int, NDArray[np.int64]]:
    """Return random biases of the outputs, and random words."""
    return int(random.integers(space.num_roots)), random.integers(space.num_words, size=space.num_hidden)


def _query(theta: int, floor: int, *, counting: bool) -> Query:
    shared = np.array([NEVER, 0], dtype=np.int64)
    return Query(theta, floor, counting, _NODES, _TIES if counting else 1, shared)
