"""A worker as its coordinator sees it: a process with a pipe, a log and a control group, and what it is at."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
from dataclasses import dataclass, field
from enum import Enum, auto
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from time import perf_counter

import psutil

from bnnbench.harness.isolation.confinement import kill_children, num_oom_kills
from bnnbench.harness.isolation.control_group import ControlGroup, make_group
from bnnbench.harness.isolation.leftovers import THREADS_MAY_REST
from bnnbench.harness.isolation.log import Log, make_log
from bnnbench.harness.isolation.placement import Cores
from bnnbench.harness.journal import Held
from bnnbench.harness.task import Task
from bnnbench.harness.worker import DISK, DONE, LAST, MAX_MESSAGE, READY, serve
from bnnbench.processes import without_script

START_S = 120.0
"""Seconds that a worker may take to start; its imports are slow on a busy disk."""
AT_ONCE = 32 * 1024
"""Bytes of a task that an empty pipe takes at once on any system."""
LAST_MESSAGE_S = 10.0
"""Seconds to wait for the system to say how a killed process ended."""


class Event(Enum):
    """Name what can happen to a worker that has a task."""

    NOTHING = auto()
    DONE = auto()
    """The task is done, and the worker is fit for another."""
    DONE_AND_ENDS = auto()
    DISK = auto()
    """It cannot write what it has."""
    DEAD = auto()
    LATE = auto()
    """Its time is up."""


@dataclass
class WorkerProcess:
    """Hold a process that was started, and how far it is with its task."""

    process: BaseProcess
    pipe: Connection
    log: Log
    group: ControlGroup | None
    key: str
    """It serves the solver of this key alone, see `bnnbench.harness.pool.pool_key`."""
    task: Task | None = None
    deadline: float = math.inf
    has_begun: bool = False
    """Whether it has said that it is at the task."""
    is_new: bool = True
    """Whether it has never begun with one."""
    reason: str = ""
    """What it said about a disk."""
    kills_before: tuple[int, int] = (0, 0)
    """Processes that the kernel had killed for want of memory when the task was sent: of the machine, of the group."""
    journal: Held | None = field(default=None, repr=False)
    """Of the task."""
    sender: threading.Thread | None = field(default=None, repr=False)
    """What still sends it a large task, perhaps."""
    is_frozen: bool = False
    idle_mib: float = 0.0
    """Memory that it held when it was frozen, in MiB, without files that processes share."""

    def send(self, task: Task, processors: Cores | None, probed_at: float) -> None:
        """Hand it a task for some processors, which were last probed then, and let its time to begin run."""
        self.task, self.has_begun, self.deadline = task, False, perf_counter() + START_S
        self.log.clear()
        self.journal = Held(task.journal)
        if self.group:
            self.group.limit(task.limits.memory_gb, task.limits.processes)
        self.kills_before = self._num_kills()
        self.sender = _send(self.pipe, ForkingPickler.dumps((task, processors, probed_at)))

    def next_event(self) -> Event:
        """Look what has happened; nothing is killed and nothing is moved."""
        is_dead = not self.process.is_alive()  # asked first: what a process says, it says before it ends
        message = self._message()
        if message == READY and self.task is not None:
            self.deadline = perf_counter() + self.task.wall_limit_s
            self.has_begun, self.is_new = True, False
            message = self._message()
        if message and message.startswith(DISK):
            self.reason = message.removeprefix(DISK).decode(errors="replace")
            return Event.DISK
        if message in (DONE, LAST):
            return Event.DONE if message == DONE else Event.DONE_AND_ENDS
        if message is not None or is_dead:
            return Event.DEAD
        return Event.LATE if perf_counter() >= self.deadline else Event.NOTHING

    def freeze(self) -> None:
        """Let no thread of it run, and note its memory; elsewhere than on Linux none is left that could."""
        self.is_frozen = True
        with contextlib.suppress(psutil.Error, OSError):
            memory = psutil.Process(self.process.pid).memory_info()
            self.idle_mib = (memory.rss - getattr(memory, "shared", 0)) / 2**20
            if THREADS_MAY_REST:
                os.kill(self.process.pid or 0, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again, if it was frozen."""
        if self.is_frozen:
            self.is_frozen = False
            with contextlib.suppress(OSError):
                os.kill(self.process.pid or 0, signal.SIGCONT)

    def stop(self) -> int | None:
        """Kill the process and all that it started; return the exit code that it ended with."""
        self.kill()
        self.process.join(LAST_MESSAGE_S)
        if self.journal:
            self.journal.put_back()
        if self.group:
            self.group.kill()  # what outlived a worker that died by itself
            self.group.remove()
        if self.sender:
            self.sender.join(LAST_MESSAGE_S)  # nobody reads any more, so that it ends
        self.pipe.close()
        self.log.close()
        return self.process.exitcode

    def kill(self) -> None:
        """Kill it with all processes that a solver started in it, and those that these started."""
        pid = self.process.pid
        if pid is None:
            return
        if self.process.is_alive():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)  # so that it starts no more of them
            kill_children(pid)  # also those that left the group
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        self.process.kill()  # a worker that is starting has no group yet

    def was_out_of_memory(self) -> tuple[bool, bool]:
        """Tell whether the kernel killed for want of memory since the task was sent: anywhere, and in the group."""
        machine, group = self._num_kills()
        return machine > self.kills_before[0], group > self.kills_before[1]

    def _num_kills(self) -> tuple[int, int]:
        return num_oom_kills(), self.group.num_kills() if self.group else 0

    def _message(self) -> bytes | None:
        """Return what it says, if anything; an empty message if it can say no more."""
        try:
            return self.pipe.recv_bytes(maxlength=len(DISK) + MAX_MESSAGE) if self.pipe.poll() else None
        except (EOFError, OSError):
            return b""


def start_worker(context: ForkServerContext | SpawnContext, key: str) -> WorkerProcess:
    """Start a worker for the solver of a key."""
    pipe, end = context.Pipe()
    log = make_log()
    process = context.Process(target=serve, args=(end, log), name="bnnbench worker")
    with without_script():
        process.start()
    end.close()
    return WorkerProcess(process, pipe, log, make_group(process.pid or 0), key)


def _send(pipe: Connection, content: memoryview) -> threading.Thread | None:
    """Send a task; a large one by a thread, as the system does not take it if the worker was stopped."""

    def send() -> None:
        # A worker that died, or is killed meanwhile, is found by its end; a pipe that is closed has no number.
        with contextlib.suppress(OSError, TypeError):
            pipe.send_bytes(content)

    if len(content) <= AT_ONCE:
        send()
        return None
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread
