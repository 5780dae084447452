"""Random weights, decided by a coin: the floor of every comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from typing_extensions import override

from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class Random(Solver):
    """Uniform weights with the best ancillas for them; uniform bits where weights cannot be completed to bits."""

    batch_reads: ClassVar[int] = 100
    works_on: ClassVar[WorksOn] = "network"
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "weights drawn"
    is_floor: ClassVar[bool] = True

    @override
    def sample(self, prepared: Objective, *, seed: int, budget: Budget) -> Iterator[Batch]:
        random = np.random.default_rng(seed)
        most = MAX_BATCH_BITS // prepared.qubo.num_variables
        for reads in budget.reads_in_batches(self.batch_reads, most):
            if isinstance(prepared, Instance) and not prepared.cannot_complete():
                weights = random.choice(np.array([-1, 1], dtype=np.int8), (reads, prepared.problem.network.num_weights))
                yield Batch(prepared.complete(weights), evaluations=weights.size)
            else:
                bits = random.integers(0, 2, (reads, prepared.qubo.num_variables), dtype=np.int8)
                yield Batch(bits, evaluations=bits.size)
