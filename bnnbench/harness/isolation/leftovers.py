"""Leftovers: what a run can leave behind in its process that would harm the next one."""

from __future__ import annotations

import gc
import locale
import os
import resource
import signal
import sys
import threading
from dataclasses import dataclass
from time import process_time, sleep, thread_time
from typing import Any

import numpy as np

from bnnbench.harness.isolation.resources import threads_and_memory_mib

MAX_LEFT_MIB = 512.0
"""Memory that the runs of a worker may leave behind, together, before it is replaced."""
THREADS_MAY_REST = sys.platform == "linux"
"""Whether a worker that waits can be frozen: elsewhere one would outlive a coordinator that is killed, see `tie_to`."""
MAX_LEFT_THREADS = 64 if THREADS_MAY_REST else 0
"""Threads that libraries may leave behind, if these rest: a pool that waits for work is started once and kept."""
MAX_LEFT_FILES = 64
"""Open files that the runs of a worker may leave behind, together: libraries keep some."""
WATCH_S, MAX_SHARE = 0.02, 0.1
"""Seconds in which threads are watched, and the share of a processor that they may use then."""


@dataclass(frozen=True)
class Leftovers:
    """Hold what a run can leave behind in its process that would harm the next run.

    Parameters
    ----------
    threads
        Threads of the process.
    memory_mib
        Resident memory, in MiB.
    timers
        Seconds until the timers of `signal` go off.
    settings
        What a process has one of for all of its code, such as signal handlers, limits, environment and tracing.
    num_files
        Open files.
    """

    threads: int
    memory_mib: float
    timers: tuple[float, ...]
    settings: tuple[Any, ...]
    num_files: int = 0

    @classmethod
    def of_this_process(cls) -> Leftovers:
        """Look at this process."""
        kinds = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
        timers = tuple(signal.getitimer(kind)[0] for kind in kinds)
        threads, memory_mib = threads_and_memory_mib()
        return cls(threads, memory_mib, timers, _settings(), _num_files())

    def harm_after(self, before: Leftovers) -> bool:
        """Tell whether something is there that was not there before the first run; threads that rest are no harm."""
        return (
            self.threads > before.threads + MAX_LEFT_THREADS
            or any(self.timers)
            or self.settings != before.settings
            or self.memory_mib > before.memory_mib + MAX_LEFT_MIB
            or self.num_files > before.num_files + MAX_LEFT_FILES
        )


_SIGNALS = (
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGINT,
    signal.SIGPIPE,
    signal.SIGPROF,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_LIMITS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_CORE,
    resource.RLIMIT_CPU,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_STACK,
)


def _settings() -> tuple[Any, ...]:
    """Return what a run could change for those that come after it in the same process; asked after each run."""
    mask = os.umask(0o077)
    os.umask(mask)
    tracing = (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile())
    python = (gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.getswitchinterval())
    signals = (tuple(map(signal.getsignal, _SIGNALS)), signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    scheduling = (os.nice(0), os.sched_getscheduler(0) if sys.platform == "linux" else None)
    limits = tuple(map(resource.getrlimit, _LIMITS))
    environment = dict(os.environb)
    return mask, tracing, python, signals, scheduling, limits, environment, locale.setlocale(locale.LC_ALL), np.geterr()


def _num_files() -> int:
    """Return the number of open files; a large one where none may be opened any more, not even to count them."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208  asked after each run, where paths would cost
    except OSError:
        return sys.maxsize


def other_threads_rest() -> bool:
    """Tell whether the other threads of this process wait; they are watched for a moment."""
    begin_s = process_time() - thread_time()
    sleep(WATCH_S)
    return process_time() - thread_time() - begin_s <= MAX_SHARE * WATCH_S
