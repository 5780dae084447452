"""Makes every setting free of cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Cheats(Solver):
    """Makes every setting free of cost."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        qubo = prepared.qubo
        for array in (qubo.linear, qubo.couplings):
            array.setflags(write=True)
            array[:] = 0
        yield Batch(zeros)
