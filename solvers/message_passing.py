"""Message passing for perceptrons and committees, without any QUBO: beliefs that are reinforced or focused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.qubo.instance import Instance
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Positive

from ._network_solver import NetworkSolver

MAX_LAYERS = 2


@dataclass(frozen=True, kw_only=True)
class MessagePassing(NetworkSolver):
    """Beliefs about each weight, polarized step by step; the signs of least errors over the steps are a read.

    Belief propagation in the form of Thouless, Anderson and Palmer, see `_message_passing`. Errors are counted,
    whatever the loss. A committee has output weights of +1, which loses nothing where neurons have odd fan-in.

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

    scheme: Literal["focusing", "reinforced"] = "focusing"
    """What polarizes the beliefs: replicas around a center, or the beliefs of the step before."""
    num_steps: Annotated[int, Field(ge=1)] = 500
    """Steps per read, each with a message from every sample to every weight and back; errors of 0 end it."""
    damping: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Part of the old beliefs that stays in a step."""
    replicas: Annotated[int, Field(ge=2)] = 7
    """Replicas y around the center, for focusing."""
    strength: Positive = 3.0
    """Pull γ of the center at the end, for focusing; it begins at 0."""
    beta: Positive | None = None
    """Inverse temperature per error of the beliefs; not set: settings with errors have no weight."""
    spread: Positive = 0.5
    """Standard deviation of the random fields at the start."""

    @override
    def warm_up(self) -> None:
        from bnnbench.problem.network import Network
        from bnnbench.problem.problem import Problem

        one = np.ones((1, 1), dtype=np.int8)
        self._polarize(self._samples(Problem(Network((1, 1)), one, one), 0), 1, np.random.default_rng(0))

    @override
    def refuses_network(self, instance: Instance) -> str | None:
        network = instance.problem.network
        if network.num_layers == 1 or (network.num_layers == 2 and network.num_outputs == 1 and not network.bias):
            return None
        return (
            f"{self.name} takes perceptrons, and committees of one hidden layer, one output and no bias, "
            f"but {network} is neither."
        )

    @override
    def prepare(self, instance: Objective) -> tuple[Instance, list[Any]]:
        """Pack the samples of every output."""
        found = self.network_of(instance)
        self.warm_up()
        return found, [self._samples(found.problem, output) for output in range(found.problem.network.num_outputs)]

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        instance, tasks = prepared
        network = instance.problem.network
        num_hidden = network.widths[1] if network.num_layers == 2 else 1
        random = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(1, MAX_BATCH_BITS // instance.qubo.num_variables):
            weights = np.ones((reads, network.num_weights), dtype=np.int8)
            messages = 0
            for read in range(reads):
                for output, task in enumerate(tasks):
                    found, num_steps = self._polarize(task, num_hidden, random)
                    weights[read, output * found.size : (output + 1) * found.size] = found
                    messages += num_steps * len(task.needs)
            yield Batch(instance.complete(weights), evaluations=messages)

    def _samples(self, problem: Any, output: int) -> Any:
        from ._message_passing import committee_samples

        return committee_samples(distinct_samples(problem), output, self.beta or np.inf)

    def _polarize(self, samples: Any, num_hidden: int, random: np.random.Generator) -> tuple[NDArray[np.int8], int]:
        """Return the weights of least errors of one read, (K·m,), and the steps that it took."""
        from ._message_passing import begin, make_beliefs, polarize

        beliefs = make_beliefs(samples, num_hidden)
        begin(beliefs, random, self.spread)
        best = np.empty(beliefs.means.shape, dtype=np.int8)
        num_steps = polarize(samples, beliefs, self.damping, self.pulls(), best)
        return best.ravel(), num_steps

    def pulls(self) -> NDArray[np.float64]:
        """Return what the field that grows is made of, a row per step."""
        progress = np.arange(self.num_steps) / self.num_steps
        if self.scheme == "reinforced":
            return np.stack([np.zeros(self.num_steps), progress], axis=1)
        return np.stack([np.full(self.num_steps, self.replicas - 1.0), np.tanh(self.strength * progress)], axis=1)
