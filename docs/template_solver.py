"""One line that `bnnbench list solvers` shows: what the method is, and whose library does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from bnnbench import Batch, Budget, Solver
from bnnbench.solver.contract import Objective


@dataclass(frozen=True, kw_only=True)
class Template(Solver):
    """Descent from random states, one flip at a time: replace it by your method, and name its source here."""

    needs = ()  # distributions such as "dwave-samplers"; import them inside methods

    batch_reads: Annotated[int, Field(ge=1)] = 10
    """Reads of the first batches: few enough to stop in time. Later ones grow, so that a long run has few."""

    def prepare(self, instance: Objective) -> Any:
        """Convert the QUBO; clocked apart from sampling. `instance.qubo` holds linear, rows, cols, couplings."""
        return instance.qubo

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield bits, int8 of shape (reads, variables), until the harness stops asking."""
        random = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(self.batch_reads, most=1_000):
            bits = random.integers(0, 2, (reads, prepared.num_variables), dtype=np.int8)
            for variable in random.permutation(prepared.num_variables):
                flipped = bits.copy()
                flipped[:, variable] ^= 1
                is_better = prepared.energies(flipped) < prepared.energies(bits)
                bits[is_better] = flipped[is_better]
            yield Batch(bits)
