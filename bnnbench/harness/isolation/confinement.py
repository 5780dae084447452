"""Protection from a run: limits of the system on its worker, and an end for all that it starts."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import sleep

import psutil

_PR_SET_CHILD_SUBREAPER = 36
"""Of linux/prctl.h."""
ROUNDS = 200
"""Times that a family of processes is looked through for what lives before it is given up."""
PAUSE_S = 0.01
"""Seconds between them: what was killed takes a moment to be gone."""


def tie_to(sentinel: int) -> None:
    """Let the kernel kill this process and its group when a pipe ends, and hand it the orphans of what it starts.

    Native code that lets no other thread run can only be ended from outside, and a process that left its group and lost
    its parent would be found by nobody. Linux alone has both.

    Parameters
    ----------
    sentinel
        Reading end of a pipe on which nothing is written any more.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        fcntl.fcntl(sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def stand_back() -> None:
    """Let a worker that wakes up not interrupt the coordinator that woke it, which has others to wake; Linux only."""
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@contextlib.contextmanager
def confined(memory_gb: float, file_gb: float, processes: int) -> Iterator[None]:
    """Limit address space, the size of each file and the number of processes, where the system allows it.

    Parameters
    ----------
    memory_gb
        Address space beyond what the process has now, in units of 10^9 bytes.
    file_gb
        The largest file that may be written, in units of 10^9 bytes; what is printed goes to one.
    processes
        Processes and threads that may be added to what the user has now. The system counts all of a user, and lets root
        have any number.
    """
    address_space = _this_process(os.getpid()).memory_info().vms + int(memory_gb * 1e9)
    with (
        _limited(resource.RLIMIT_AS, address_space),
        _limited(resource.RLIMIT_FSIZE, int(file_gb * 1e9)),
        _limited(resource.RLIMIT_NPROC, _most_tasks(processes)),
    ):
        yield


@contextlib.contextmanager
def _limited(kind: int, limit: int | None) -> Iterator[None]:
    old = resource.getrlimit(kind)
    if limit is not None:
        with contextlib.suppress(OSError, ValueError, OverflowError):  # macOS has no limit of the address space
            resource.setrlimit(kind, (limit, old[1]))
    try:
        yield
    finally:
        # A run that lowered it for good costs its worker, see `Leftovers`.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, old)


@cache
def _this_process(pid: int) -> psutil.Process:
    """Return the process itself, looked up once: that costs more than the limits."""
    return psutil.Process(pid)


@cache
def _most_tasks(processes: int) -> int | None:
    """Return the tasks that the user may have; None if the system counts others than we see, as in a container.

    Counted once per worker: it reads the table of all processes.
    """
    tasks = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids = process.info["uids"]
        tasks += (process.info["num_threads"] or 1) if uids is not None and uids.real == os.getuid() else 0
    limit = tasks + processes
    with _limited(resource.RLIMIT_NPROC, limit):
        try:
            child = os.fork()
        except OSError:
            return None
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    return limit


def num_oom_kills(file: Path = Path("/proc/vmstat")) -> int:
    """Count the processes that the kernel has killed for want of memory, of the machine or a cgroup; 0 if unknown.

    Asked before each run, so that the other lines are not looked at.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        _, _, rest = file.read_bytes().partition(b"\noom_kill ")
        return int(rest.split(maxsplit=1)[0])
    return 0


def kill_children(pid: int) -> bool:
    """Kill all that a process started, and what these started, until there is nothing left; whether it came to that."""
    for _ in range(ROUNDS):
        try:
            family = [process for process in psutil.Process(pid).children(recursive=True) if _is_running(process)]
        except psutil.Error:
            return True
        if not family:
            return True
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()
        sleep(PAUSE_S)
    return False


def _is_running(process: psutil.Process) -> bool:
    """Return whether a process is more than an entry that its parent has yet to take notice of."""
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
