"""Replicas of the weights as a solver; shared by the adapters for a ring, for a center and for a ladder."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.flip_anneal import MAX_LAYERS, Task, make_task
from bnnbench.optimum.replica_anneal import Schedule, anneal_replicas
from bnnbench.optimum.search.distinct_samples import DistinctSamples, distinct_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.search_range import Range
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective

from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class ReplicaSearch(NetworkSolver):
    """Monte Carlo with several replicas of the weights; the best weights over replicas and sweeps are a read."""

    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_sweeps: Annotated[int, Field(ge=1), Range(3, 10_000, log=True)] = 1000
    """Sweeps over all weights of all replicas per read."""

    @property
    @abc.abstractmethod
    def num_replicas(self) -> int:
        """Replicas per read."""

    @abc.abstractmethod
    def search(self, task: Task, network: Network, *, unit: float, num_reads: int, seed: int) -> NDArray[np.int8]:
        """Return the best weights of each read, (num_reads, num_weights); `unit` is the kernel's price of an error."""

    def warm_up(self) -> None:
        one = np.ones((1, 1), dtype=np.int8)
        problem = Problem(Network((1, 1)), one, one)
        self.search(make_task(distinct_samples(problem)), problem.network, unit=1.0, num_reads=1, seed=0)

    @override
    def refuses_network(self, instance: Instance) -> str | None:
        layers = instance.problem.network.num_layers
        if layers > MAX_LAYERS:
            return f"{self.name} takes networks of one or two layers, but {instance.problem.network} has {layers}."
        return None

    def prepare(self, instance: Objective) -> tuple[Instance, DistinctSamples, Task]:
        """Pack the samples."""
        found = self.network_of(instance)
        self.warm_up()
        distinct = distinct_samples(found.problem)
        return found, distinct, make_task(distinct)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        instance, distinct, task = prepared
        random = np.random.default_rng(seed)
        unit = float(distinct.errors or distinct.margin)
        most = MAX_BATCH_BITS // instance.qubo.num_variables
        network = distinct.network
        for reads in budget.reads_in_batches(1, most):
            weights = self.search(task, network, unit=unit, num_reads=reads, seed=int(random.integers(2**63)))
            evaluations = reads * self.num_sweeps * self.num_replicas * network.num_weights
            yield Batch(instance.complete(weights), evaluations=evaluations)


class CoupledReplicas(ReplicaSearch):
    """Replicas that pull at each other, by a schedule."""

    @abc.abstractmethod
    def schedule(self, unit: float) -> Schedule:
        """Make the schedule of one read; `unit` is what an error costs in the kernel."""

    @override
    def search(self, task: Task, network: Network, *, unit: float, num_reads: int, seed: int) -> NDArray[np.int8]:
        weights, _, _ = anneal_replicas(
            task, network.widths, bias=network.bias, num_reads=num_reads, num_replicas=self.num_replicas,
            schedule=self.schedule(unit), seed=seed,
        )  # fmt: skip
        return weights
