"""Leftovers: what a run can leave behind in its process that would harm the next one."""

from __future__ import annotations

import gc
import os
import signal
import sys
from dataclasses import dataclass
from time import process_time, sleep, thread_time
from typing import Any

from bnnbench.harness.isolation.resources import memory_mib, num_threads

MAX_LEFT_MIB = 512.0
"""Memory that the runs of a worker may leave behind, together, before it is replaced."""
THREADS_MAY_REST = sys.platform == "linux"
"""Whether a worker that waits can be frozen: elsewhere one would outlive a coordinator that is killed, see `tie_to`."""
MAX_LEFT_THREADS = 64 if THREADS_MAY_REST else 0
"""Threads that libraries may leave behind, if these rest: a pool that waits for work is started once and kept."""
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
        Signal handlers, and what a library could patch to slow down others: tracing and garbage collection.
    """

    threads: int
    memory_mib: float
    timers: tuple[float, ...]
    settings: tuple[Any, ...]

    @classmethod
    def of_this_process(cls) -> Leftovers:
        """Look at this process."""
        kinds = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
        timers = tuple(signal.getitimer(kind)[0] for kind in kinds)
        handlers = tuple(signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM))
        settings = (handlers, sys.gettrace(), sys.getprofile(), gc.isenabled(), os.nice(0))
        return cls(num_threads(), memory_mib(), timers, settings)

    def harm_after(self, before: Leftovers) -> bool:
        """Tell whether something is there that was not there before the first run; threads that rest are no harm."""
        return (
            self.threads > before.threads + MAX_LEFT_THREADS
            or any(self.timers)
            or self.settings != before.settings
            or self.memory_mib > before.memory_mib + MAX_LEFT_MIB
        )


def other_threads_rest() -> bool:
    """Tell whether the other threads of this process wait; they are watched for a moment."""
    begin_s = process_time() - thread_time()
    sleep(WATCH_S)
    return process_time() - thread_time() - begin_s <= MAX_SHARE * WATCH_S
