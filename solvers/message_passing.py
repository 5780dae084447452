"""Message passing for perceptrons and committees, without any QUBO: beliefs that are reinforced or focused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.message_passing import Samples, committee_samples
from bnnbench.optimum.polarization import (
    DAMPING,
    NUM_STEPS,
    REPLICAS,
    SPREAD,
    STRENGTH,
    focusing,
    polarized_weights,
    refusal,
    reinforcement,
)
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.search_range import Range
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Positive

from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class MessagePassing(NetworkSolver):
    """Beliefs about each weight, polarized step by step; the signs of least errors over the steps are a read.

    Belief propagation in the form of Thouless, Anderson and Palmer, see `bnnbench.optimum.message_passing`. Errors
    are counted, whatever the loss. A committee has output weights of +1, which loses nothing where neurons have odd
    fan-in.

    References
    ----------
    C. Baldassi, C. Borgs, J. T. Chayes, A. Ingrosso, C. Lucibello, L. Saglietti and R. Zecchina, "Unreasonable
    effectiveness of learning neural networks: From accessible states and robust ensembles to basic algorithmic
    schemes", PNAS 113, 2016.
    A. Braunstein and R. Zecchina, "Learning by Message Passing in Networks of Discrete Synapses", Physical Review
    Letters 96, 2006: reinforcement.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "messages"
    ends_at_zero: ClassVar[bool] = True

    scheme: Literal["focusing", "reinforced"] = "focusing"
    """What polarizes the beliefs: replicas around a center, or the beliefs of the step before."""
    num_steps: Annotated[int, Field(ge=1), Range(50, 5000, log=True)] = NUM_STEPS
    """Steps per read, each with a message from every sample to every weight and back; errors of 0 end it."""
    damping: Annotated[float, Field(ge=0, lt=1), Range(0.3, 0.95)] = DAMPING
    """Part of the old beliefs that stays in a step."""
    replicas: Annotated[int, Field(ge=2), Range(2, 50, log=True)] = REPLICAS
    """Replicas y around the center, for focusing."""
    strength: Annotated[Positive, Range(0.5, 6.0)] = STRENGTH
    """Pull γ of the center at the end, for focusing; it begins at 0."""
    beta: Positive | None = None
    """Inverse temperature per error of the beliefs; not set: settings with errors have no weight."""
    spread: Annotated[Positive, Range(0.05, 2.0, log=True)] = SPREAD
    """Standard deviation of the random fields at the start."""

    @override
    def warm_up(self) -> None:
        one = np.ones((1, 1), dtype=np.int8)
        problem = Problem(Network((1, 1)), one, one)
        polarized_weights([self._samples(problem, 0)], problem.network, self.pulls(), np.random.default_rng(0))

    @override
    def refuses_network(self, instance: Instance) -> str | None:
        return refusal(self.name, instance.problem.network)

    @override
    def prepare(self, instance: Objective) -> tuple[Instance, list[Any]]:
        """Pack the samples of every output."""
        found = self.network_of(instance)
        self.warm_up()
        return found, [self._samples(found.problem, output) for output in range(found.problem.network.num_outputs)]

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        instance, tasks = prepared
        network, pulls = instance.problem.network, self.pulls()
        random = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(1, MAX_BATCH_BITS // instance.qubo.num_variables):
            found = [
                polarized_weights(tasks, network, pulls, random, damping=self.damping, spread=self.spread)
                for _ in range(reads)
            ]
            weights, messages = zip(*found, strict=True)
            yield Batch(instance.complete(np.stack(weights)), evaluations=sum(messages))

    def pulls(self) -> NDArray[np.float64]:
        """Return what the field that grows is made of, a row per step."""
        if self.scheme == "reinforced":
            return reinforcement(self.num_steps)
        return focusing(self.num_steps, self.replicas, self.strength)

    def _samples(self, problem: Problem, output: int) -> Samples:
        return committee_samples(distinct_samples(problem), output, self.beta or np.inf)
