"""Solvers that wrap a sampler of dimod."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Solver

if TYPE_CHECKING:
    import dimod


ENDS = ((0, "first"), (1, "last"))
"""Places of the two ends of a schedule."""


class DimodSolver(Solver):
    """Any dimod sampler: a subclass gives its constructor, its fields become keyword arguments of ``sample``.

    A field that is None is left to the sampler's own default, unless `schedule` has it.
    """

    batch_reads: ClassVar[int] = 10
    """Reads of the first calls of the sampler: small enough to stop in time. Later calls ask for more."""

    @abc.abstractmethod
    def sampler(self) -> dimod.Sampler:
        """Construct the sampler."""

    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        """Return the keyword arguments of one call."""
        given = {key: value for key, value in self.parameters.items() if value is not None}
        return {"num_reads": num_reads, "seed": seed, **given}

    def evaluations(self, answer: dimod.SampleSet) -> int | None:
        """Count the flips that were proposed for an answer; None if the sampler does not tell."""
        del answer
        return None

    def schedule(self, qubo: Qubo) -> dict[str, tuple[float, float]]:
        """Return the keyword arguments that depend on the QUBO; nothing by default."""
        del qubo
        return {}

    def prepare(self, instance: Objective) -> tuple[dimod.BinaryQuadraticModel, dict[str, tuple[float, float]]]:
        """Return the QUBO as a dimod model, and its schedule."""
        return instance.qubo.to_bqm(), self.schedule(instance.qubo)

    def sample(
        self, prepared: tuple[Any, dict[str, tuple[float, float]]], *, seed: int, budget: Budget
    ) -> Iterator[Batch]:
        """Call the sampler once per batch, each time with a seed of its own; a schedule is a fact of the run."""
        model, schedule = prepared
        sampler = self.sampler()
        random = np.random.default_rng(seed)
        facts = {
            f"{end}_{name.removesuffix('_range')}": ends[place]
            for name, ends in schedule.items()
            for place, end in ENDS
        }
        for num_reads in budget.reads_in_batches(self.batch_reads, MAX_BATCH_BITS // model.num_variables):
            call_seed = int(random.integers(2**31 - 1))
            answer = sampler.sample(model, **(self.keywords(num_reads, call_seed) | schedule))
            yield Batch(bits_of(answer), facts=facts, evaluations=self.evaluations(answer))


def bits_of(answer: dimod.SampleSet) -> NDArray[np.int8]:
    """Return the bits of a sample set over the variables 0, …, n − 1, in their order, a row per read: (k, n)."""
    import dimod

    rows, counts = answer.record.sample, answer.record.num_occurrences
    order = np.argsort(np.array(list(answer.variables), dtype=np.int64))
    if np.any(order != np.arange(len(order))):  # copying many reads costs more than a look
        rows = rows[:, order]
    if np.any(counts != 1):
        rows = np.repeat(rows, counts, axis=0)
    return np.asarray(rows > 0 if answer.vartype is dimod.SPIN else rows).astype(np.int8, copy=False)
