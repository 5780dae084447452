"""Simulated bifurcation on the QUBO: classical oscillators that settle at 0 or 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.search_range import Options, Range
from bnnbench.solver.contract import Batch, Budget, Objective, Solver

WORK = 4e8
"""Products of a coupling and a position in one batch, at most: about a fifth of a second."""


@dataclass(frozen=True, kw_only=True)
class SimulatedBifurcation(Solver):
    """Ballistic or discrete simulated bifurcation; each start, where it settles, is a read.

    References
    ----------
    H. Goto et al., "High-performance combinatorial optimization based on classical mechanics", Science Advances 7,
    2021.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    batch_reads: ClassVar[int] = 16
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "updates of positions"

    variant: Annotated[Literal["ballistic", "discrete"], Options(("ballistic", "discrete"))] = "ballistic"
    """Whether forces come from positions, or from their signs."""
    num_steps: Annotated[int, Field(ge=1), Range(10, 5000, log=True)] = 1000
    """Steps of the pump from 0 to 1."""
    time_step: Annotated[float, Field(gt=0, lt=2), Range(0.1, 1.5)] = 1.0
    """In units of the reciprocal of the oscillators' frequency; from 2 on they are unstable."""

    @override
    def warm_up(self) -> None:
        from ._bifurcation import warm_up

        warm_up()

    def prepare(self, instance: Objective) -> Any:
        """Build the Ising model, scaled."""
        from ._bifurcation import Oscillators

        self.warm_up()
        return Oscillators(instance.qubo), max(1, 2 * instance.qubo.num_couplings)

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        oscillators, work = prepared
        random = np.random.default_rng(seed)
        discrete = self.variant == "discrete"
        most = max(1, int(WORK / (work * self.num_steps)))
        for reads in budget.reads_in_batches(min(self.batch_reads, most), most):
            bits = oscillators.settle(reads, self.num_steps, self.time_step, random, discrete=discrete)
            yield Batch(bits, evaluations=self.num_steps * bits.size)
