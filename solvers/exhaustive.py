"""Exhaustive search over the weights: the ground truth, run as a solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from bnnbench.optimum.enumeration import TINY
from bnnbench.optimum.find import proved
from bnnbench.optimum.search.cost import why_hopeless
from bnnbench.problem.network import Network
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import Batch, Budget, Objective, Solver, WorksOn


@dataclass(frozen=True, kw_only=True)
class Exhaustive(Solver):
    """Search over all weight settings, by their activation patterns; answers with one optimal setting and a proof.

    Up to 12 weights all settings are tried. For a formulation that is not sound the optimal weights are the same, but
    no bound on the energy follows.
    """

    exact: ClassVar[bool] = True
    watches_clock: ClassVar[bool] = True
    counts: ClassVar[str] = "nodes"
    needs: ClassVar[tuple[str, ...]] = ("numba",)
    works_on: ClassVar[WorksOn] = "network"

    @override
    def warm_up_for(self, network: Network) -> None:
        if network.num_weights > TINY:
            from bnnbench.optimum.prove import compile_kernels

            compile_kernels(network.num_layers)

    def refuses(self, instance: Objective) -> str | None:
        """Refuse networks that are too large to search."""
        if not isinstance(instance, Instance):
            return "exhaustive searches the weights of a network, but this QUBO has none."
        reason = why_hopeless(instance.problem)
        return f"exhaustive: {reason}" if reason else None

    def prepare(self, instance: Objective) -> Any:
        """Compile the kernels, which would count as sampling otherwise."""
        if isinstance(instance, Instance):
            self.warm_up_for(instance.problem.network)
        return instance

    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield one batch of one sample; a search that runs out of time has a bound all the same."""
        del seed
        truth = proved(prepared.problem, max_optima=1, seconds=budget.seconds, threads=1)
        bound = None
        if prepared.is_sound:
            bound = truth.energy if truth.lower_bound is None else truth.lower_bound
        facts = {"num_optima": truth.num_optima or 0}
        yield Batch(prepared.complete(truth.optima), lower_bound=bound, facts=facts, evaluations=truth.nodes)
