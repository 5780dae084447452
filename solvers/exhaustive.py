"""Exhaustive search over the weights: the ground truth, run as a solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from bnnbench.instance import Instance
from bnnbench.solver import Batch, Budget, Objective, Solver


@dataclass(frozen=True, kw_only=True)
class Exhaustive(Solver):
    """All weight settings, by their activation patterns; answers with one optimal setting and a proof.

    For a formulation that is not sound the optimal weights are the same, but no bound on the energy follows.
    """

    exact: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("numba",)

    def refuses(self, instance: Objective) -> str | None:
        """See `Solver.refuses`: networks that are too large to search."""
        from bnnbench.ground_truth.exhaustive import num_evaluations
        from bnnbench.ground_truth.find import EVALUATION_LIMIT

        if not isinstance(instance, Instance):
            return "exhaustive searches the weights of a network, but this QUBO has none."
        network = instance.problem.network
        if num_evaluations(network) > EVALUATION_LIMIT:
            return f"exhaustive: the network {network} is too large to search ({network.num_weights} weights)."
        return None

    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """See `Solver.sample`: one batch of one sample."""
        from bnnbench.ground_truth.exhaustive import search

        del seed, budget
        truth = search(prepared.problem, max_optima=1)
        bound = truth.energy if prepared.is_sound else None
        yield Batch(prepared.complete(truth.optima), lower_bound=bound, facts={"num_optima": truth.num_optima or 0})
