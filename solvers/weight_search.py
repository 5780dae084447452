"""Simulated annealing over the weights of the network, without any QUBO: what a user would do instead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.flip_anneal import MAX_LAYERS
from bnnbench.optimum.weight_anneal import COLD, HOT, WeightAnnealer, warm_up
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.search_range import Options, Range
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Positive

from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class WeightSearch(NetworkSolver):
    """Metropolis updates of single weights over a geometric schedule; the best weights of each anneal are a read.

    The ancillas of the QUBO are filled in afterwards. Up to two layers a flip is a few word operations, 64 samples at a
    time. With ``cost=margin`` what is annealed is not the loss, but Σ_n max(0, κ − y_n·S_n)², where S is the
    pre-activation of an output, in two layers that of hidden neurons clipped to ±c: it has a slope where errors have
    none. Reads are judged by the loss all the same.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    cost: Annotated[Literal["errors", "margin"], Options(("errors", "margin"))] = "errors"
    """What is annealed: the loss of the problem, or margins."""
    num_sweeps: Annotated[int | None, Field(ge=1), Range(1, 10_000, log=True)] = None
    """Sweeps over all weights per read; not set: 100, for margins 1000."""
    hot: Annotated[Positive | None, Range(0.05, 1000.0, log=True)] = None
    """First temperature; not set: 0.6 losses of one sample, for margins √N times the scale of S."""
    cold: Positive | None = None
    """Last temperature; not set: 0.2 losses of one sample, for margins a hundredth of the first."""
    margin: Positive | None = None
    """κ for margins; not set: half the scale of S, which is √d_0 in one layer and c·√d_1 in two."""
    clip: Positive | None = None
    """c for margins of two layers; not set: √d_0 / 2."""

    @override
    def warm_up_for(self, network: Network) -> None:
        is_margin = self.cost == "margin"
        if not (is_margin and network.num_layers > MAX_LAYERS):  # which is refused
            warm_up(network.num_layers, margins=is_margin)

    @override
    def refuses_network(self, instance: Instance) -> str | None:
        layers = instance.problem.network.num_layers
        if self.cost == "margin" and layers > MAX_LAYERS:
            return f"weight_search: margins are for one or two layers, but {instance.problem.network} has {layers}."
        return None

    def prepare(self, instance: Objective) -> Any:
        """Pack the samples."""
        found = self.network_of(instance)
        self.warm_up_for(found.problem.network)
        return found, WeightAnnealer(found.problem)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Anneal batch after batch."""
        instance, annealer = prepared
        random = np.random.default_rng(seed)
        num_sweeps = self.num_sweeps or (100 if self.cost == "errors" else 1000)
        most = MAX_BATCH_BITS // instance.qubo.num_variables
        for reads in budget.reads_in_batches(1, most):
            weights = self._anneal(annealer, instance.problem, reads, num_sweeps, int(random.integers(2**32)))
            yield Batch(instance.complete(weights), evaluations=num_sweeps * weights.size)

    def _anneal(
        self, annealer: WeightAnnealer, problem: Problem, reads: int, num_sweeps: int, seed: int
    ) -> NDArray[np.int8]:
        """Return the best weights of each of several anneals."""
        if self.cost == "errors":
            weights, _ = annealer.anneal(reads, num_sweeps, seed, self.hot or HOT, self.cold or COLD)
            return weights
        network = problem.network
        clip = self.clip or math.sqrt(network.num_inputs) / 2
        scale = math.sqrt(network.num_inputs) if network.num_layers == 1 else clip * math.sqrt(network.widths[1])
        hot = self.hot or scale * math.sqrt(problem.num_samples)
        weights, _ = annealer.anneal_margins(
            reads, num_sweeps, seed, hot=hot, cold=self.cold or hot / 100, margin=self.margin or scale / 2, clip=clip
        )
        return weights
