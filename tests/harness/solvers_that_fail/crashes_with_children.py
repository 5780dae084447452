"""Leaves a process in a session of its own, and crashes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class CrashesWithChildren(Solver):
    """Leaves a process in a session of its own, and crashes."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        subprocess.Popen(["sleep", "8765.25"], start_new_session=True)
        yield Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8))
        os.kill(os.getpid(), signal.SIGSEGV)
