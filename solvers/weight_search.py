"""Simulated annealing over the weights of the network, without any QUBO: what a user would do instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.errors import InputError
from bnnbench.optimum.weight_anneal import COLD, HOT
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Positive, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class WeightSearch(Solver):
    """Metropolis updates of single weights over a geometric schedule; the best weights of each anneal are a read.

    The forward pass is computed anew for what a flip changes, 64 samples at a time. The ancillas of the QUBO are
    filled in afterwards.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    batch_reads: ClassVar[int] = 20
    works_on: ClassVar[WorksOn] = "network"
    memoryless: ClassVar[bool] = True

    num_sweeps: Annotated[int, Field(ge=1)] = 100
    """Sweeps over all weights per read."""
    hot: Positive = HOT
    """First temperature, in units of the loss of one sample."""
    cold: Positive = COLD
    """Last temperature, in units of the loss of one sample."""

    @override
    def warm_up(self) -> None:
        from bnnbench.optimum.weight_anneal import warm_up

        warm_up()

    @override
    def refuses(self, instance: Objective) -> str | None:
        return None if isinstance(instance, Instance) else "weight_search needs a network, but this QUBO has none."

    def prepare(self, instance: Objective) -> Any:
        """Pack the samples."""
        from bnnbench.optimum.weight_anneal import WeightAnnealer

        if not isinstance(instance, Instance):
            raise InputError(self.refuses(instance))
        self.warm_up()
        return instance, WeightAnnealer(instance.problem)

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        instance, annealer = prepared
        random = np.random.default_rng(seed)
        most = MAX_BATCH_BITS // instance.qubo.num_variables
        for reads in budget.reads_in_batches(self.batch_reads, most):
            weights, _ = annealer.anneal(reads, self.num_sweeps, int(random.integers(2**32)), self.hot, self.cold)
            yield Batch(instance.complete(weights), evaluations=self.num_sweeps * weights.size)
