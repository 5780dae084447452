"""Removes what the harness keeps of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class RemovesItsSpool(Solver):
    """Removes what the harness keeps of it."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        for number in range(3, 64):
            path = Path(f"/proc/self/fd/{number}")
            if path.is_symlink() and path.readlink().suffix == ".jsonl":
                shutil.rmtree(path.readlink().parent)
                break
        os._exit(0)
