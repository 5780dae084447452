"""Writes garbage to every file that is open."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Scribbles(Solver):
    """Writes garbage to every file that is open."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        for number in range(3, 64):
            with contextlib.suppress(OSError):
                if Path(f"/proc/self/fd/{number}").readlink().suffix == ".jsonl":
                    os.write(number, b'\xff\xfe{"kind": "JudgedBatch", "energy": []}\n[1]\n{"kind": []}\n')
