"""Says what no encoding knows, and far too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Babbles(Solver):
    """Says what no encoding knows, and far too much."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros, clocks={"\ud800_s": float("nan")}, facts={"\udcff": "\ud800\u2028" * 10_000, "list": [1, 2]})
        raise ValueError("half a pair: \ud83d")
