"""Does not apply to anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Refuses(Solver):
    """Does not apply to anything."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)

    def refuses(self, instance: Objective) -> str:
        """See `Solver.refuses`."""
        return f"this solver does not apply to {instance.qubo.num_variables} variables."
