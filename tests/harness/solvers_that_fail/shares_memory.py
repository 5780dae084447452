"""Takes 3 GB in five processes, none of which has 1 GB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver

HUNGRY = "x = bytearray(600_000_000); print(len(x), flush=True); input()"


@dataclass(frozen=True, kw_only=True)
class SharesMemory(Solver):
    """Takes 3 GB in five processes, none of which has 1 GB."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        children = [
            subprocess.Popen([sys.executable, "-c", HUNGRY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(5)
        ]
        for child in children:
            assert child.stdout
            child.stdout.readline()
        yield Batch(np.zeros((1, prepared.qubo.num_variables), dtype=np.int8))
