"""Raises what is no Exception, and cannot say what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bnnbench.solver.contract import Batch, Budget, Objective, Solver


class Speechless(BaseException):
    """Cannot be printed."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


@dataclass(frozen=True, kw_only=True)
class Interrupts(Solver):
    """Raises what is no Exception, and cannot say what it is."""

    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`."""
        zeros = np.zeros((1, prepared.qubo.num_variables), dtype=np.int8)
        yield Batch(zeros)
        raise Speechless
