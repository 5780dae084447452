"""Parallel tempering with isoenergetic cluster moves on the QUBO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.qubo import make_qubo
from bnnbench.search_range import Range
from bnnbench.solver.contract import Batch, Budget, Objective, Positive, Solver
from bnnbench.solver.schedule import estimated_beta_range


@dataclass(frozen=True, kw_only=True)
class ParallelTempering(Solver):
    """Walkers at a geometric ladder of temperatures, which they exchange; a read is the best state of a run.

    With cluster moves there are two walkers per temperature, which exchange connected clusters of spins in which they
    differ. Where a fifth of all pairs is coupled, such a cluster is all that differs: then there is one walker per
    temperature, and no such move.

    References
    ----------
    K. Hukushima and K. Nemoto, "Exchange Monte Carlo Method and Application to Spin Glass Simulations", Journal of the
    Physical Society of Japan 65, 1996. Z. Zhu, A. J. Ochoa and H. G. Katzgraber, "Efficient Cluster Algorithm for Spin
    Glasses in Any Space Dimension", Physical Review Letters 115, 2015.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 100
    """Sweeps of each walker per read."""
    num_temperatures: Annotated[int, Field(ge=1, le=1000), Range(3, 30, log=True)] = 12
    """Temperatures of the ladder."""
    beta_range: Annotated[tuple[Positive, Positive] | None, Range(0.02, 100.0, log=True, count=2)] = None
    """Least and largest inverse temperature; None: estimated from the coefficients, whatever the formulation."""
    cluster_moves: bool = True
    """Whether walkers of one temperature exchange clusters."""

    @override
    def warm_up(self) -> None:
        none = np.zeros(0, dtype=np.int32)
        for coefficient in (1.0, 0.1):  # in single and in double precision
            tiny = make_qubo(np.array([coefficient, -1.0]), none, none, np.zeros(0), 0.0)
            next(self.sample(self.prepare(tiny), seed=0, budget=Budget(reads=1)))

    def prepare(self, instance: Objective) -> Any:
        """Return the spins of the QUBO, and the inverse temperatures."""
        from ._tempering import spins_of

        first, last = self.beta_range or estimated_beta_range(instance.qubo)
        return spins_of(instance.qubo), np.geomspace(first, last, self.num_temperatures)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield a read per run."""
        from bnnbench.optimum.flip_anneal import seeded

        from ._tempering import make_walkers, temper

        model, betas = prepared
        moves_clusters = self.cluster_moves and not len(model.matrix)
        copies = 1 + moves_clusters
        walkers = make_walkers(model, copies, len(betas), seeded(seed))
        evaluations = self.num_sweeps * copies * len(betas) * len(model.biases)
        facts = {"first_beta": float(betas[0]), "last_beta": float(betas[-1])}
        for _ in budget.reads_in_batches(1):
            temper(model, walkers, betas, self.num_sweeps, moves_clusters)
            yield Batch((walkers.best > 0).astype(np.int8)[None], facts=facts, evaluations=evaluations)
