"""Simulated annealing of a polynomial of any degree, before it is reduced to a QUBO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.polynomial import Polynomial
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Positive, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class PolynomialAnnealing(Solver):
    """Metropolis updates of the polynomial behind `hubo`, `pubo` and `polynomial`; elsewhere of the QUBO itself.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    works_on: ClassVar[WorksOn] = "penalties"
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"
    batch_reads: ClassVar[int] = 10

    num_sweeps: Annotated[int, Field(ge=1)] = 100
    """Sweeps over all variables per read."""
    beta_range: tuple[Positive, Positive] | None = None
    """First and last inverse temperature; None: estimated from the coefficients."""
    beta_schedule_type: Literal["geometric", "linear"] = "geometric"
    """How the inverse temperature grows."""

    @override
    def warm_up(self) -> None:
        from bnnbench.optimum.flip_anneal import seeded

        from ._polynomial import anneal, make_terms, make_walker

        terms = make_terms(Polynomial(2, {(0,): 1.0, (0, 1): -1.0}))
        anneal(terms, make_walker(terms, seeded(0)), np.ones(1), np.empty((1, 2), dtype=np.int8))

    def prepare(self, instance: Objective) -> Any:
        """Return the terms of the polynomial, the way to bits of the instance, and the inverse temperatures."""
        from ._polynomial import estimated_betas, higher_order, make_terms

        polynomial, lift = higher_order(instance)
        terms = make_terms(polynomial)
        first, last = self.beta_range or estimated_betas(terms)
        grid = np.geomspace if self.beta_schedule_type == "geometric" else np.linspace
        return terms, lift, grid(first, last, self.num_sweeps)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield the last states of anneals."""
        from bnnbench.optimum.flip_anneal import seeded

        from ._polynomial import anneal, make_walker

        terms, lift, betas = prepared
        walker = make_walker(terms, seeded(seed))
        n = len(walker.spins)
        facts = {"first_beta": float(betas[0]), "last_beta": float(betas[-1])}
        for reads in budget.reads_in_batches(self.batch_reads, MAX_BATCH_BITS // n):
            spins = np.empty((reads, n), dtype=np.int8)
            anneal(terms, walker, betas, spins)
            bits = lift((spins > 0).astype(np.int8))
            yield Batch(bits, facts=facts, evaluations=len(betas) * n * reads)
