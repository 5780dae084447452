"""Starts processes that start processes, each in a session of its own."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Bombs(Solver):
    """Starts processes that start processes, each in a session of its own."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        while True:
            with contextlib.suppress(OSError):  # a limit is no reason to stop
                if os.fork():
                    time.sleep(600)  # one by one: a machine without limits must survive the test
                os.setsid()
            time.sleep(0.01)
