"""Leaves the process with the code of success."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class SucceedsEarly(Solver):
    """Leaves the process with the code of success."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        os._exit(0)
