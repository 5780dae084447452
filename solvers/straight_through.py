"""Gradient training by a straight-through estimator, without any QUBO: how binary networks are usually trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.instance import Instance
from bnnbench.search_range import Range
from bnnbench.solver.contract import Batch, Budget, Positive

from ._network_solver import NetworkSolver
from ._straight_through import LEARNING_RATE, NUM_EPOCHS, train

WORK = 1e8
"""Products of a weight and an activation in the forward passes of one batch, at most: about half a second."""


@dataclass(frozen=True, kw_only=True)
class StraightThrough(NetworkSolver):
    """Gradient descent on latent real weights from many random starts at once; the best weights of each are a read.

    References
    ----------
    I. Hubara, M. Courbariaux, D. Soudry, R. El-Yaniv and Y. Bengio, "Binarized Neural Networks", NeurIPS 2016.
    """

    batch_reads: ClassVar[int] = 50
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "gradient steps × samples"
    ends_at_zero: ClassVar[bool] = True

    num_epochs: Annotated[int, Field(ge=1), Range(10, 3000, log=True)] = NUM_EPOCHS
    """Passes over the samples per read, a step each. No clock ends a read: of 784-10 with 500 samples it takes 8 s."""
    learning_rate: Annotated[Positive, Range(0.001, 3.0, log=True)] = LEARNING_RATE
    """Step along the mean gradient of the samples; latent weights lie in [−1, 1]."""

    @override
    def sample(self, prepared: Instance, *, seed: int, budget: Budget) -> Iterator[Batch]:
        problem = prepared.problem
        random = np.random.default_rng(seed)
        work = self.num_epochs * problem.num_samples * problem.network.num_weights
        most = max(1, int(WORK / work))
        for reads in budget.reads_in_batches(min(self.batch_reads, most), most):
            weights, _, num_epochs = train(problem, reads, random, self.num_epochs, self.learning_rate)
            yield Batch(prepared.complete(weights), evaluations=num_epochs * reads * problem.num_samples)
