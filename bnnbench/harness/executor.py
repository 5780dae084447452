"""Where tasks run: worker processes on this machine, each with a pipe and a process group of its own."""

from __future__ import annotations

import abc
import contextlib
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from typing import Any, Self

from bnnbench.errors import StoreError, UnavailableError
from bnnbench.harness.isolation.confinement import kill_children, num_oom_kills
from bnnbench.harness.isolation.control_group import ControlGroup, make_group
from bnnbench.harness.isolation.placement import Cores
from bnnbench.harness.worker import DISK, DONE, LAST, MAX_WORD, READY, Task, serve
from bnnbench.runs.outcome import Status

START_S = 120.0
"""Seconds that a worker may take to start; its imports are slow on a busy disk."""
_GROUP_FULL = "the run with all its processes needed more memory than its limit, and the system killed of them."
_GO_ON = "Finished runs are kept, and the same command goes on from here."
AT_ONCE = 32 * 1024
"""Bytes of a task that an empty pipe takes at once on any system."""
LAST_WORD_S = 10.0
"""Seconds to wait for the system to say how a killed process ended."""


@dataclass(frozen=True)
class Ending:
    """How the process side of a task ended, on what machine.

    Parameters
    ----------
    status
        None: it returned, and its spool says the rest.
    machine
        As `machine_info` tells it; None: this one.
    """

    status: Status | None
    message: str = ""
    machine: Mapping[str, Any] | None = None


class Executor(abc.ABC):
    """Where tasks run: the coordinator fills it while it has room, and asks what has ended."""

    is_timed: bool = True
    """Whether runs are apart, so that their times mean something."""

    @abc.abstractmethod
    def __enter__(self) -> Self: ...

    @abc.abstractmethod
    def __exit__(self, *error: object) -> None: ...

    @property
    @abc.abstractmethod
    def has_room(self) -> bool:
        """Whether a task can start now."""

    @abc.abstractmethod
    def submit(self, task: Task, wall_limit_s: float) -> None:
        """Start a task; it is killed `wall_limit_s` seconds after a worker has begun with it."""

    @abc.abstractmethod
    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Tasks that have ended: waits up to `wait_s` seconds for the first, never for others."""


@dataclass
class _Worker:
    """A process in a lane, and what it is at."""

    process: BaseProcess
    pipe: Connection
    processors: Cores | None
    group: ControlGroup | None
    task: Task | None = None
    wall_limit_s: float = math.inf
    deadline: float = math.inf
    num_oom_kills: int = 0
    """Of the whole machine, when the task was sent."""
    num_kills: int = 0
    """Of the group."""
    has_begun: bool = False
    """Whether it has said that it is at the task."""
    sender: threading.Thread | None = None
    """What still sends it a large task, perhaps."""
    is_new: bool = True
    """Whether it has never begun with one."""

    @property
    def has_lost_processes(self) -> bool:
        """Whether the kernel killed one of the group for want of memory, since the task was sent."""
        return self.group is not None and self.group.num_kills() > self.num_kills

    def stop(self) -> int | None:
        """Kill the process and all that it started; the exit code that it ended with."""
        _kill(self.process)
        self.process.join(LAST_WORD_S)
        if self.group:
            self.group.kill()  # what outlived a worker that died by itself
            self.group.remove()
        if self.sender:
            self.sender.join(LAST_WORD_S)  # nobody reads any more, so that it ends
        self.pipe.close()
        return self.process.exitcode


class LocalExecutor(Executor):
    """Lanes, each with one worker: it is replaced when it dies, when it is killed, and now and then.

    Parameters
    ----------
    lanes
        For each lane the processors that its runs are kept to, see `lanes_apart`; or a number of lanes that share all.
    """

    def __init__(self, lanes: int | Sequence[Cores | None] = 1) -> None:
        self._context: ForkServerContext | SpawnContext = multiprocessing.get_context("spawn")
        if "forkserver" in multiprocessing.get_all_start_methods():
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload(["bnnbench.harness.worker", "dimod", "pyqubo"])
            _start_quietly()
        self.is_timed = lanes == 1 or not isinstance(lanes, int)
        self._free: list[Cores | None] = [None] * lanes if isinstance(lanes, int) else list(lanes)[::-1]
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop all workers at once; what they spooled stays."""
        for worker in (*self._idle, *self._busy):
            _kill(worker.process)
        for worker in (*self._idle, *self._busy):
            worker.stop()

    @property
    def has_room(self) -> bool:
        """Whether a task can start now."""
        return bool(self._idle or self._free)

    def submit(self, task: Task, wall_limit_s: float) -> None:
        """Start a task in a free lane; it is killed `wall_limit_s` seconds after a worker has begun with it."""
        worker = self._idle.pop() if self._idle else self._start()
        if not worker.process.is_alive():  # a solver can leave something behind that ends the process later
            self._stop(worker)
            worker = self._start()
        worker.task, worker.wall_limit_s, worker.deadline = task, wall_limit_s, perf_counter() + START_S
        worker.has_begun = False
        worker.num_oom_kills = num_oom_kills()
        if worker.group:
            worker.group.limit(task.memory_gb, task.processes)
            worker.num_kills = worker.group.num_kills()
        worker.sender = _send(worker.pipe, task)
        self._busy.append(worker)

    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Tasks that have ended: waits up to `wait_s` seconds for the first, never for others.

        Raises
        ------
        StoreError
            If the disk takes no more of what a run has.
        UnavailableError
            If a worker does not start.
        """
        limit = min([perf_counter() + wait_s, *(worker.deadline for worker in self._busy)])
        sources = [source for worker in self._busy for source in (worker.pipe, worker.process.sentinel)]
        wait(sources, max(0.0, limit - perf_counter()))
        for worker in list(self._busy):
            task = worker.task
            try:
                ending = self._ending(worker)
            except BaseException:
                if worker in self._busy:
                    self._busy.remove(worker)
                raise
            if task is not None and ending is not None:
                self._busy.remove(worker)
                yield task, ending

    def _start(self) -> _Worker:
        """A worker in a free lane."""
        pipe, end = self._context.Pipe()
        process = self._context.Process(target=serve, args=(end, self._free[-1]), name="bnnbench worker")
        process.start()
        end.close()
        assert process.pid is not None  # noqa: S101  it was started
        return _Worker(process, pipe, self._free.pop(), make_group(process.pid))

    def _stop(self, worker: _Worker) -> int | None:
        """Stop a worker, and let its lane be free; its exit code."""
        self._free.append(worker.processors)
        return worker.stop()

    def _overdue(self, worker: _Worker) -> Ending | None:
        """Stop a worker whose time is up; a task that it never began with goes to a new one.

        What an earlier run did to a worker is no fault of this one's.
        """
        self._stop(worker)
        if worker.has_begun or worker.task is None:
            return Ending("timeout", f"the run was killed after {worker.wall_limit_s:g} s of wall-clock time.")
        if worker.is_new:
            raise UnavailableError(
                f"a worker process did not start in {START_S:g} s; the machine or its disk is too busy. {_GO_ON}"
            )
        self._busy.remove(worker)
        self.submit(worker.task, worker.wall_limit_s)
        return None

    def _ending(self, worker: _Worker) -> Ending | None:
        """How the task of a worker ended; None if it goes on. A worker that can go on becomes idle."""
        is_dead = not worker.process.is_alive()  # asked first: what a process says, it says before it ends
        word = _word(worker.pipe)
        if word == READY:
            worker.deadline = perf_counter() + worker.wall_limit_s
            worker.has_begun, worker.is_new = True, False
            word = _word(worker.pipe)
        if word and word.startswith(DISK):
            self._stop(worker)
            reason = word.removeprefix(DISK).decode(errors="replace")
            raise StoreError(f"{reason}; free some space. {_GO_ON}")
        if word in (DONE, LAST):
            ending = Ending("memory", _GROUP_FULL) if worker.has_lost_processes else Ending(None)
            worker.task, worker.deadline = None, math.inf
            if word == DONE:
                self._idle.append(worker)
            else:
                self._stop(worker)
            return ending
        if word is None and not is_dead:
            return self._overdue(worker) if perf_counter() >= worker.deadline else None
        worker.process.join(LAST_WORD_S / 10)  # its pipe closes first
        has_lost_processes = worker.has_lost_processes
        code = self._stop(worker)
        if has_lost_processes:
            return Ending("memory", _GROUP_FULL)
        if code == -signal.SIGKILL and num_oom_kills() > worker.num_oom_kills:
            return Ending("memory", "the system, or the cgroup or container, was out of memory and killed the run.")
        return Ending("crash", f"the worker process died ({_death(code)}).")


def _send(pipe: Connection, task: Task) -> threading.Thread | None:
    """Send a task; a large one by a thread, as the system does not take it if the worker was stopped."""
    content = ForkingPickler.dumps(task)

    def send() -> None:
        # A worker that died, or is killed meanwhile, is found by `finished`; a pipe that is closed has no number.
        with contextlib.suppress(OSError, TypeError):
            pipe.send_bytes(content)

    if len(content) <= AT_ONCE:
        send()
        return None
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def _word(pipe: Connection) -> bytes | None:
    """What a worker says, if anything; an empty word if it can say no more."""
    try:
        return pipe.recv_bytes(maxlength=len(DISK) + MAX_WORD) if pipe.poll() else None
    except (EOFError, OSError):
        return b""


def _kill(process: BaseProcess) -> None:
    """Kill a worker with all processes that a solver started in it, and those that these started."""
    assert process.pid is not None  # noqa: S101  it was started
    if process.is_alive():
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal.SIGSTOP)  # so that it starts no more of them
        kill_children(process.pid)  # also those that left the group
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # a worker that is starting has no group yet


def _start_quietly() -> None:
    """Start the server that workers are forked from without a terminal to write to.

    What solvers print is kept per run; what is left is the last words of workers that are stopped while they start.
    """
    from multiprocessing import forkserver

    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        forkserver.ensure_running()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"
