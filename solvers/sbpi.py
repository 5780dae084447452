"""Stochastic belief-propagation-inspired learning (SBPI) of perceptrons and committees, without any QUBO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.polarization import refusal
from bnnbench.optimum.search.distinct_samples import distinct_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.search_range import Range
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective

from ._network_solver import NetworkSolver
from ._sbpi import Patterns, Rule, learn, make_patterns, make_synapses

UNBOUNDED = 2**30
"""More than any hidden state reaches."""


@dataclass(frozen=True, kw_only=True)
class Sbpi(NetworkSolver):
    r"""Learning sample by sample: a weight is the sign of a hidden state h, an odd whole number.

    Samples come in random order, epoch after epoch. Let z be the product of a neuron's weights with the inputs, times
    the target. A sample with z < 0 is wrong: every h moves by 2 toward it. One that is barely right, 0 < z ≤ θ, moves
    with a probability those h whose weight agrees with it, away from 0: weights stay, but become harder to turn. In a
    committee with output weights of +1, which lose nothing where neurons have odd fan-in, the neurons that lack least
    learn, as many as the majority lacks; and each neuron that is barely right settles. The weights of least loss among
    the ends of epochs with the fewest mistakes are a read. Errors are counted, whatever the loss.

    References
    ----------
    C. Baldassi, A. Braunstein, N. Brunel and R. Zecchina, "Efficient supervised learning in networks with binary
    synapses", PNAS 104, 2007. The abstract alone was read; implemented is what stands above. Committees are our own
    extension.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "presented samples"
    ends_at_zero: ClassVar[bool] = True

    num_epochs: Annotated[int, Field(ge=1), Range(30, 10_000, log=True)] = 1000
    """Presentations of all samples per read, at most; an epoch without mistakes ends it."""
    stability: Annotated[int, Field(ge=0), Range(1, 9)] = 1
    """θ, the largest z of a sample that is barely right."""
    probability: Annotated[float, Field(ge=0, le=1), Range(0.0, 1.0)] = 0.4
    """Probability that a sample that is barely right is learned."""
    num_states: Annotated[int, Field(ge=2, multiple_of=2)] | None = None
    """Number of hidden states of a weight, which is even; not set: unbounded."""

    @override
    def warm_up(self) -> None:
        one = np.ones((1, 1), dtype=np.int8)
        problem = Problem(Network((1, 1)), one, one)
        self.read(make_patterns(distinct_samples(problem)), problem.network, np.random.default_rng(0))

    @override
    def refuses_network(self, instance: Instance) -> str | None:
        return refusal(self.name, instance.problem.network)

    @override
    def prepare(self, instance: Objective) -> tuple[Instance, list[Patterns]]:
        """Pack the samples of every output."""
        found = self.network_of(instance)
        self.warm_up()
        return found, make_patterns(distinct_samples(found.problem))

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        instance, tasks = prepared
        random = np.random.default_rng(seed)
        for reads in budget.reads_in_batches(1, MAX_BATCH_BITS // instance.qubo.num_variables):
            found = [self.read(tasks, instance.problem.network, random) for _ in range(reads)]
            weights, presented = zip(*found, strict=True)
            yield Batch(instance.complete(np.stack(weights)), evaluations=sum(presented))

    def read(
        self, tasks: list[Patterns], network: Network, random: np.random.Generator
    ) -> tuple[NDArray[np.int8], int]:
        """Return the weights of one read, (num_weights,), and how many samples were presented."""
        rule = Rule(self.stability, int(self.probability * 2**32), (self.num_states or UNBOUNDED) - 1)
        weights = np.ones(network.num_weights, dtype=np.int8)
        presented, first = 0, 0
        for patterns in tasks:
            num_hidden = network.widths[1] if network.num_layers == 2 else 1
            synapses = make_synapses(patterns, num_hidden, int(random.integers(2**32)))
            best = synapses.weights.copy()
            presented += learn(patterns, synapses, rule, self.num_epochs, best)
            weights[first : first + best.size] = best.ravel()
            first += best.size
        return weights, presented
