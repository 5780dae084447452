"""The space of a search: the states of a network, split into tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.counting import from_residues
from bnnbench.optimum.search.tally import Ask, Kept


@dataclass(frozen=True)
class Query:
    """The question to a task: states of loss at most `theta`.

    Parameters
    ----------
    floor
        A loss known to be the least possible at best.
    counting
        Count all such states, or find the best one only.
    node_limit
        Nodes after which to give up.
    cap
        How many states to keep.
    shared
        Least loss found so far by any task, and whether to stop: int64 (2,).
    """

    theta: int
    floor: int
    counting: bool
    node_limit: int
    cap: int
    shared: NDArray[np.int64]

    def to(self, first: int, step: int, progress: NDArray[np.int64]) -> Ask:
        """Return the question to the task that follows the choices ``first``, ``first + step``, … at the root."""
        return Ask(self.floor, first, step, self.counting, self.node_limit, self.shared, progress)


@dataclass(frozen=True)
class Found:
    """The result of a task.

    Parameters
    ----------
    loss
        Least loss, or `bnnbench.optimum.search.tally.NEVER`.
    residues
        Number of weight settings of that loss, modulo the first primes, but for `Space.factor`.
    states
        The first states found.
    guess
        The next loss worth asking for.
    finished
        Whether the task came to its end.
    """

    loss: int
    residues: NDArray[np.int64]
    states: NDArray[np.int64]
    nodes: int
    guess: int
    finished: bool


def found_by(kept: Kept, finished: bool) -> Found:
    """Return what a compiled search has kept."""
    tally = kept.tally
    return Found(
        loss=int(tally["best"]),
        residues=kept.residues,
        states=kept.states[: int(tally["num_states"])],
        nodes=int(tally["nodes"]),
        guess=int(tally["guess"]),
        finished=finished,
    )


class Space(Protocol):
    """States of a network; several weight settings are behind a state."""

    method: str
    num_tasks: int
    primes: NDArray[np.int64]
    factor: int
    """How many settings are behind each unit of the counted residues."""

    def run(self, task: int, query: Query, progress: NDArray[np.int64]) -> Found:
        """Run one task; `progress` is filled with what is done and what there is, int64 (2,)."""
        ...

    def settings(self, task: int, state: NDArray[np.int64], cap: int) -> NDArray[np.int8]:
        """Return weight settings behind a state, at most `cap`: (k, num_weights)."""
        ...


def total_count(space: Space, found: Sequence[Found], primes: NDArray[np.int64]) -> int:
    """Return the number of weight settings that tasks counted."""
    residues = sum((one.residues for one in found), np.zeros(len(primes), dtype=np.int64)) % primes
    return from_residues([int(r) * space.factor % int(p) for r, p in zip(residues, primes, strict=True)])


def optimal_settings(space: Space, found: Sequence[Found], cap: int) -> NDArray[np.int8]:
    """Return weight settings behind the states found, at most `cap`, in lexicographic order."""
    blocks = []
    for task, state in ((task, state) for task, one in enumerate(found) for state in one.states):
        blocks.append(space.settings(task, state, cap))
        cap -= len(blocks[-1])
        if not cap:
            break
    optima = np.vstack(blocks)
    return optima[np.lexsort(optima.T[::-1])]


def arrangements(chosen: Sequence[int]) -> Iterator[list[int]]:
    """Yield distinct orders of a multiset, each as a list of places."""
    return _arrangements(chosen, tuple(range(len(chosen))))


def _arrangements(chosen: Sequence[int], places: tuple[int, ...]) -> Iterator[list[int]]:
    if not places:
        yield []
    for first in {chosen[place]: place for place in reversed(places)}.values():
        for rest in _arrangements(chosen, tuple(place for place in places if place != first)):
            yield [first, *rest]


def spins(vectors: NDArray[np.int64], length: int) -> NDArray[np.int8]:
    """Return neurons' weights by the numbers of their vectors, (…) → (…, length): +1 where bit i of a number is set."""
    return ((vectors[..., None] >> np.arange(length) & 1) * 2 - 1).astype(np.int8)
