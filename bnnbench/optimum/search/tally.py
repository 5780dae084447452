"""Shared records of the compiled searches: the question, the states found, and how a state is accepted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import copy, part

NEVER = 2**62
"""A loss above every other; bounds on whole numbers keep all of them below it."""

_TALLY = np.dtype([(name, np.int64) for name in ("theta", "best", "guess", "nodes", "num_states")])


class Ask(NamedTuple):
    """The question to a task, and its line to the others.

    Parameters
    ----------
    floor
        A loss known to be the least possible at best: a search that finds it stops.
    first, step
        Which choices at the root to follow: ``first``, ``first + step``, …
    counting
        Find and count all states of loss at most θ, or the best one only.
    node_limit
        Nodes after which to give up.
    shared
        Least loss found so far by anybody, and whether to stop: int64 (2,).
    progress
        Filled with the number of choices at the root that are done, and their number: int64 (2,).
    """

    floor: int
    first: int
    step: int
    counting: bool
    node_limit: int
    shared: NDArray[np.int64]
    progress: NDArray[np.int64]


class Kept(NamedTuple):
    """The states that a task has found.

    Parameters
    ----------
    states
        The first states found: int64 (cap, choices).
    residues
        Number of settings behind the states, modulo each prime: int64 (primes,).
    tally
        A record: θ, the least loss found or `NEVER`, a guess of the next loss worth asking for, the number of nodes,
        and the number of states.
    """

    states: NDArray[np.int64]
    residues: NDArray[np.int64]
    tally: Any


def nothing_kept(cap: int, num_choices: int, num_primes: int, theta: int) -> Kept:
    """Return an empty `Kept` for a search for losses of at most θ."""
    tally = np.zeros(1, dtype=_TALLY)
    tally["theta"], tally["best"], tally["guess"] = theta, NEVER, NEVER
    return Kept(np.empty((cap, num_choices), dtype=np.int64), np.zeros(num_primes, dtype=np.int64), tally[0])


@part
def is_stopped(ask: Ask, kept: Kept) -> bool:
    """Count a node; return whether the task has to give up. Adopt a better loss that another task has found."""
    tally = kept.tally
    tally.nodes += 1
    if not ask.counting:
        tally.theta = min(tally.theta, ask.shared[0] - 1)
    return bool(ask.shared[1] != 0 or tally.nodes > ask.node_limit)


@part
def accept(ask: Ask, kept: Kept, state: NDArray[Any], loss: int) -> bool:
    """Keep a state of loss at most θ; return whether it is as good as any can be.

    Unless states are counted, only a lower loss is worth finding from now on.
    """
    tally = kept.tally
    tally.best = min(tally.best, loss)
    if not ask.counting:
        tally.theta = loss - 1
        tally.num_states = 0
        ask.shared[0] = min(ask.shared[0], loss)
    if tally.num_states < len(kept.states):
        copy(state, kept.states[tally.num_states])
        tally.num_states += 1
    return not ask.counting and loss <= ask.floor
