"""Simulated annealing of a polynomial of any degree, before it is reduced to a QUBO (OpenJij)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.solver.contract import Batch, Budget, Objective, Positive, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class OpenJijHubo(Solver):
    """Metropolis updates of the polynomial behind `hubo`, `pubo` and `polynomial`; elsewhere of the QUBO itself.

    References
    ----------
    Jij Inc., "OpenJij: Framework for the Ising model and QUBO", https://github.com/OpenJij/OpenJij.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba", "openjij")
    loads: ClassVar[tuple[str, ...]] = ("openjij", "bnnbench_solvers._polynomial")
    works_on: ClassVar[WorksOn] = "penalties"
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_sweeps: Annotated[int, Field(ge=1)] = 1000
    """Sweeps over all variables per read."""
    beta_min: Positive | None = None
    """First inverse temperature; None: estimated by the library."""
    beta_max: Positive | None = None
    """Last inverse temperature; None: estimated by the library."""

    def prepare(self, instance: Objective) -> Any:
        """Return the terms of the polynomial, its number of variables, and the way to bits of the instance."""
        from ._polynomial import higher_order

        polynomial, lift = higher_order(instance)
        terms = {term: c for term, c in polynomial.terms.items() if term}
        return terms, polynomial.num_variables, lift

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield one read per call, as all reads of a call with a seed are the same."""
        import openjij

        terms, n, lift = prepared
        random = np.random.default_rng(seed)
        sampler = openjij.SASampler()
        given = {"num_sweeps": self.num_sweeps, "beta_min": self.beta_min, "beta_max": self.beta_max}
        for _ in budget.reads_in_batches(1):
            bits = random.integers(0, 2, (1, n), dtype=np.int8)  # of variables without a term
            call_seed = int(random.integers(2**31 - 1))
            if terms:
                answer = sampler.sample_hubo(terms, "SPIN", seed=call_seed, **given)
                bits[:, list(answer.variables)] = answer.record.sample[:1] > 0
            yield Batch(lift(bits), evaluations=self.num_sweeps * n)
