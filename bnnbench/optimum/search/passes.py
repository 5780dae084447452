"""The search for the optimal loss: passes with a growing bound, each split over threads.

Pass θ asks for settings of loss at most θ, and cuts off everything whose bound is higher. While passes find nothing,
θ + 1 is a proven lower bound; the first that finds something ends the search. The passes before it cost little,
because the size of the tree grows steeply with θ, and they make the search independent of luck with good settings.
(R. E. Korf, "Depth-first iterative-deepening", Artificial Intelligence, 1985.) A last pass counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from bnnbench.optimum.search.space import Found, Query, Space
from bnnbench.optimum.search.tally import NEVER

_GROWTH = 4
"""θ grows by a sixteenth at least, so that losses of any size take some hundred passes at most."""


@dataclass(frozen=True)
class Standing:
    """The progress of a search.

    Parameters
    ----------
    lower_bound
        No setting has a lower loss than this.
    fraction
        Done of the current pass, from 0 to 1; passes differ in length.
    is_counting
        Whether the optimum is known and settings are being counted.
    seconds
        Since the start.
    best
        Loss of the best setting known, if one was sought.
    """

    lower_bound: float
    fraction: float
    is_counting: bool
    seconds: float
    best: float | None = None


Report = Callable[[Standing], None]


@dataclass(frozen=True)
class Result:
    """The result of a search.

    Parameters
    ----------
    loss
        Optimal loss above the base; None if the search was stopped before.
    lower_bound
        Proven lower bound of the loss above the base.
    found
        By task: what the last pass found.
    is_counted
        Whether all optimal settings were counted.
    nodes
        Nodes of all passes. Depends on the order in which threads come.
    """

    loss: int | None
    lower_bound: int
    found: Sequence[Found]
    is_counted: bool
    nodes: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a search, and what it has to say.

    Parameters
    ----------
    step
        By how much θ grows at least: a price on margins has many levels, and not each is worth a pass.
    cap
        How many optimal states to list.
    seconds
        Wall time after which the search stops; None: never.
    count_nodes
        Nodes that each task may spend on counting.
    threads
        Number of threads; None: one per core.
    interruptible
        Whether a KeyboardInterrupt ends the search as the time limit does, or is raised.
    count
        Whether to count the optimal settings of a search that is not long. If not, one is listed; which one depends on
        the order of threads.
    known, long_nodes
        Returns the loss of good settings above the base, which it seeks. It is asked once passes have taken more nodes
        than that, and a bound that meets it ends the search. Such a search is not counted, which would take longer than
        the proof.
    """

    step: int = 1
    cap: int = 1000
    seconds: float | None = None
    count_nodes: int = NEVER
    threads: int | None = None
    interruptible: bool = False
    count: bool = True
    known: Callable[[], int] | None = None
    long_nodes: int = NEVER


class Search:
    """A search through a space, with limits; `minimize` runs it."""

    def __init__(self, space: Space, limits: Limits = Limits(), report: Report | None = None) -> None:
        self._space = space
        self._limits = limits
        self._report = report
        self._threads = min(limits.threads or os.cpu_count() or 1, space.num_tasks)
        self._start = time.perf_counter()
        self._is_interrupted = Event()
        self._nodes = 0
        self._bound = 0

    def minimize(self, ceiling: int) -> Result:
        """Find the least loss, which is known to be at most `ceiling`."""
        try:
            return self._minimize(ceiling)
        except KeyboardInterrupt:  # between two passes
            if not self._limits.interruptible:
                raise
            return Result(None, self._bound, [], is_counted=False, nodes=self._nodes)

    def _minimize(self, ceiling: int) -> Result:
        theta = 0
        while True:
            bound = self._bound
            found = self._pass(theta, bound, counting=False)
            self._nodes += sum(one.nodes for one in found)
            loss = min(one.loss for one in found)
            if not all(one.finished for one in found) and loss > bound:
                return Result(None, bound, found, is_counted=False, nodes=self._nodes)
            if loss < NEVER:
                break
            self._bound = theta + 1
            if self._is_met():
                return Result(None, self._bound, found, is_counted=False, nodes=self._nodes)
            guess = min(one.guess for one in found)
            least = theta + max(self._limits.step, theta >> _GROWTH)
            theta = min(max(least, guess if guess < NEVER else 0), ceiling)
        if not self._limits.count or self._nodes > self._limits.long_nodes:
            optimal = [one if one.loss == loss else replace(one, states=one.states[:0]) for one in found]
            return Result(loss, loss, optimal, is_counted=False, nodes=self._nodes)
        counted = self._pass(loss, loss, counting=True)
        self._nodes += sum(one.nodes for one in counted)
        is_counted = all(one.finished for one in counted)
        if not any(len(one.states) for one in counted):  # stopped early; other tasks may have kept a worse state
            counted = [one if one.loss == loss else replace(one, states=one.states[:0]) for one in found]
        return Result(loss, loss, counted, is_counted, self._nodes)

    def _pass(self, theta: int, floor: int, *, counting: bool) -> list[Found]:
        shared = np.array([NEVER, 0], dtype=np.int64)
        nodes = self._limits.count_nodes if counting else NEVER
        query = Query(theta, floor, counting, nodes, self._limits.cap if counting else 1, shared)
        progress = np.zeros((self._space.num_tasks, 2), dtype=np.int64)

        def run(task: int) -> Found:
            found = self._space.run(task, query, progress[task])
            progress[task] = 1
            if not counting and found.loss <= floor:
                shared[1] = 1
            return found

        if self._is_late():
            shared[1] = 1
        if self._space.num_tasks == 1:
            return [run(0)]  # small, and over before a thread has started
        with ThreadPoolExecutor(self._threads) as pool:
            futures = [pool.submit(run, task) for task in range(self._space.num_tasks)]
            while True:
                try:
                    if not wait(futures, timeout=0.1).not_done:
                        break
                    if self._is_late():
                        shared[1] = 1
                    if self._report:
                        done = float(np.mean(progress[:, 0] / np.maximum(progress[:, 1], 1)))
                        self._report(Standing(floor, done, counting, time.perf_counter() - self._start))
                except BaseException as error:
                    shared[1] = 1  # or leaving the pool would wait for the end of the search
                    self._is_interrupted.set()
                    if not (self._limits.interruptible and isinstance(error, KeyboardInterrupt)):
                        raise
            return [future.result() for future in futures]

    def _is_met(self) -> bool:
        """Return whether settings are known whose loss is the bound, if a look for them is worth its time."""
        known = self._limits.known
        if known is None or self._nodes <= self._limits.long_nodes or self._is_late():
            return False
        return self._bound >= known()

    def _is_late(self) -> bool:
        limit_s = self._limits.seconds
        return self._is_interrupted.is_set() or (limit_s is not None and time.perf_counter() - self._start > limit_s)
