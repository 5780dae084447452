"""Exhaustive search over the weights: the ground truth, run as a solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from bnnbench.optimum.search.cost import why_hopeless
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class Exhaustive(Solver):
    """Search over all weight settings, by their activation patterns; answers with one optimal setting and a proof.

    For a formulation that is not sound the optimal weights are the same, but no bound on the energy follows.
    """

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "nodes"
    needs: ClassVar[tuple[str, ...]] = ("numba",)
    works_on: ClassVar[WorksOn] = "network"

    @override
    def warm_up(self) -> None:
        from bnnbench.optimum.prove import compile_kernels

        for num_layers in (1, 2, 3):
            compile_kernels(num_layers)

    def refuses(self, instance: Objective) -> str | None:
        """Refuse networks that are too large to search."""
        if not isinstance(instance, Instance):
            return "exhaustive searches the weights of a network, but this QUBO has none."
        reason = why_hopeless(instance.problem)
        return f"exhaustive: {reason}" if reason else None

    def prepare(self, instance: Objective) -> Any:
        """Compile the kernels, which would count as sampling otherwise."""
        from bnnbench.optimum.prove import compile_kernels

        if isinstance(instance, Instance):
            compile_kernels(instance.problem.network.num_layers)
        return instance

    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield one batch of one sample; a search that runs out of time has a bound all the same."""
        from bnnbench.optimum.prove import search

        del seed
        truth = search(prepared.problem, max_optima=1, seconds=budget.seconds, threads=1)
        bound = None
        if prepared.is_sound:
            bound = truth.energy if truth.lower_bound is None else truth.lower_bound
        facts = {"num_optima": truth.num_optima or 0}
        yield Batch(prepared.complete(truth.optima), lower_bound=bound, facts=facts, evaluations=truth.nodes)
