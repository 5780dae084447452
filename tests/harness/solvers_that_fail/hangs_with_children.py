"""Starts a process and never comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class HangsWithChildren(Solver):
    """Starts a process and never comes back."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        subprocess.run(["sleep", "7654.25"])
