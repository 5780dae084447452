"""Executors of tasks: worker processes on this machine, or any other place that an `Executor` has for them."""

from __future__ import annotations

import abc
import contextlib
import math
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, SpawnContext
from time import perf_counter
from typing import Any, Self

from bnnbench.errors import StoreError, UnavailableError
from bnnbench.harness import worker_process
from bnnbench.harness.forks import start_quietly
from bnnbench.harness.isolation.placement import Cores
from bnnbench.harness.pool import Pool, pool_key
from bnnbench.harness.task import Task
from bnnbench.harness.worker_process import Event, WorkerProcess, start_worker
from bnnbench.processes import apart
from bnnbench.runs.outcome import Status
from bnnbench.runs.speed_probe import EVERY_S

_GROUP_FULL = "the run with all its processes needed more memory than its limit, and the system killed of them."
_SYSTEM_FULL = "the system, or the cgroup or container, was out of memory and killed the run."
_GO_ON = "Finished runs are kept, and the same command goes on from here."


@dataclass(frozen=True)
class Ending:
    """Say how the process side of a task ended, on what machine, and what it printed last.

    Parameters
    ----------
    status
        None: it returned, and its journal says the rest.
    machine
        As `machine_info` tells it; None: this one.
    """

    status: Status | None
    message: str = ""
    log_tail: str = ""
    machine: Mapping[str, Any] | None = None


class Executor(abc.ABC):
    """Run tasks: the coordinator fills it while it has room, and asks what has ended."""

    is_timed: bool = True
    """Whether runs are apart, so that their times mean something."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abc.abstractmethod
    def close(self) -> None:
        """Stop all that still runs."""

    @property
    @abc.abstractmethod
    def has_room(self) -> bool:
        """Tell whether a task can start now."""

    @abc.abstractmethod
    def submit(self, task: Task) -> None:
        """Start a task; it is killed `task.wall_limit_s` seconds after a worker has begun with it."""

    @abc.abstractmethod
    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Yield tasks that have ended; wait up to `wait_s` seconds for the first, never for others."""


@dataclass
class _Lane:
    """Hold a place for one run at a time, with the worker that runs there, or none."""

    processors: Cores | None
    running: WorkerProcess | None = None
    probed_at: float = -math.inf
    """When the speed of its processors was last measured."""


class LocalExecutor(Executor):
    """Run tasks in lanes. A worker serves one solver, one run after another, until it dies, is killed or is unfit.

    A task goes through these states: sent to a worker, begun, ended. A worker waits in the pool, runs a task in a lane,
    or is stopped; `_start` and `_move` alone change that.

    Parameters
    ----------
    lanes
        For each lane the processors that its runs are kept to, see `lanes_apart`; or a number of lanes that share all.
    """

    def __init__(self, lanes: int | Sequence[Cores | None] = 1) -> None:
        self.is_timed = lanes == 1 or not isinstance(lanes, int)
        self._lanes = [_Lane(cores) for cores in ([None] * lanes if isinstance(lanes, int) else lanes)]
        self._pool = Pool()

    @cached_property
    def _context(self) -> ForkServerContext | SpawnContext:
        """Start the server of workers; nothing does where there is nothing to run."""
        return start_quietly()

    def close(self) -> None:
        """Stop all workers at once; what they wrote stays."""
        workers = [*self._pool.idle, *(lane.running for lane in self._lanes if lane.running)]
        self._lanes, self._pool = [], Pool()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.stop()

    @property
    def has_room(self) -> bool:
        """Tell whether a lane is free."""
        return any(lane.running is None for lane in self._lanes)

    def submit(self, task: Task) -> None:
        """Start a task in a free lane."""
        self._start(next(lane for lane in self._lanes if lane.running is None), task)

    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Yield tasks that have ended; wait up to `wait_s` seconds for the first, never for others.

        Raises
        ------
        StoreError
            If the disk takes no more of what a run has.
        UnavailableError
            If a worker does not start, or the executor was closed.
        """
        if not self._lanes:
            raise UnavailableError("the runs were stopped, and nobody waits for them any more.")
        busy = [lane.running for lane in self._lanes if lane.running]
        limit = min([perf_counter() + wait_s, *(worker.deadline for worker in busy)])
        wait([source for worker in busy for source in (worker.pipe, worker.process.sentinel)], limit - perf_counter())
        for lane in self._lanes:
            worker = lane.running
            if worker is not None and worker.task is not None:
                task, ending = worker.task, self._move(lane, worker, worker.next_event())
                if ending is not None:
                    if worker.journal:
                        worker.journal.put_back()
                    yield task, ending

    def _start(self, lane: _Lane, task: Task) -> None:
        """Send a task to a worker of its solver that waits, or to a new one."""
        key = pool_key(task.solver.spec)
        lane.running = worker = self._pool.take(key) or self._new_worker(key)
        worker.send(task, lane.processors, lane.probed_at)
        self._note_probe(lane)

    def _new_worker(self, key: str) -> WorkerProcess:
        """Start a worker; a server that was killed meanwhile is started again, once."""
        for _ in range(2):
            with contextlib.suppress(EOFError, ConnectionError), apart():
                return start_worker(self._context, key)
        raise UnavailableError(
            f"no worker process starts, since the server that they are forked from is killed again and again. {_GO_ON}"
        )

    def _move(self, lane: _Lane, worker: WorkerProcess, event: Event) -> Ending | None:
        """Move a worker by what has happened to it; return how its task ended, or None if it goes on."""
        if event is Event.NOTHING:
            return None
        lane.running = None
        if event is Event.DISK:
            worker.stop()
            raise StoreError(f"{worker.reason}; free some space, or make the folder again. {_GO_ON}")
        if event is Event.LATE:
            return self._late(lane, worker)
        if event is Event.DEAD:
            return _post_mortem(worker)
        _, group_was_full = worker.was_out_of_memory()
        ending = Ending("memory" if group_was_full else None, _GROUP_FULL if group_was_full else "", worker.log.tail())
        self._note_probe(lane)
        if event is Event.DONE:
            worker.task, worker.deadline = None, math.inf
            self._pool.keep(worker)
        else:
            worker.stop()
        return ending

    def _late(self, lane: _Lane, worker: WorkerProcess) -> Ending | None:
        """Stop a worker whose time is up; a task that it never began with goes to a new one.

        What an earlier run did to a worker is no fault of this one's.
        """
        task, log_tail = worker.task, worker.log.tail()
        worker.stop()
        if task is None or worker.has_begun:
            limit = f"{task.wall_limit_s:g} s" if task else "its limit"
            return Ending("timeout", f"the run was killed after {limit} of wall-clock time.", log_tail)
        if worker.is_new:
            raise UnavailableError(
                f"a worker process did not start in {worker_process.START_S:g} s; the machine or its disk is too busy. "
                f"{_GO_ON}"
            )
        self._start(lane, task)
        return None

    def _note_probe(self, lane: _Lane) -> None:
        """Note the speed of a worker's processors, which it measures when that is due, before and after a run."""
        if perf_counter() - lane.probed_at >= EVERY_S:
            lane.probed_at = perf_counter()


def _post_mortem(worker: WorkerProcess) -> Ending:
    """Reap a worker that died, and say what of."""
    worker.process.join(worker_process.LAST_MESSAGE_S / 10)  # its pipe closes first
    machine_was_full, group_was_full = worker.was_out_of_memory()
    log_tail = worker.log.tail()
    code = worker.stop()
    if group_was_full:
        return Ending("memory", _GROUP_FULL, log_tail)
    if code == -signal.SIGKILL and machine_was_full:
        return Ending("memory", _SYSTEM_FULL, log_tail)
    return Ending("crash", f"the worker process died ({_death(code)}).", log_tail)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
        return f"signal {-code}"
    return f"exit code {code}"
