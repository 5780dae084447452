"""Leftovers: what a run can leave behind in its process that would harm the next one."""

from __future__ import annotations

import gc
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

from bnnbench.harness.isolation.resources import memory_mib, num_threads

MAX_LEFT_MIB = 512.0
"""Memory that a run may leave behind before its worker is replaced."""


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
        """Tell whether something is there that was not there before a run."""
        return (
            self.threads > before.threads
            or any(self.timers)
            or self.settings != before.settings
            or self.memory_mib > before.memory_mib + MAX_LEFT_MIB
        )
