"""Solvers that wrap a sampler of dimod."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Solver

if TYPE_CHECKING:
    import dimod


BETA_RANGE = "beta_range"
"""What samplers of annealing call their first and last inverse temperature; a formulation can suggest it."""


class DimodSolver(Solver):
    """Any dimod sampler: a subclass gives its constructor, its fields become keyword arguments of ``sample``.

    A field that is None is left to the sampler's own default, but ``beta_range`` in `estimates` to the instance's
    formulation, if it suggests one.
    """

    batch_reads: ClassVar[int] = 10
    """Reads of the first calls of the sampler: small enough to stop in time. Later calls ask for more."""
    estimates: ClassVar[tuple[str, ...]] = ()
    """Arguments that the sampler estimates if not given, and names in its answer: estimated once, by the first call."""

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

    def prepare(self, instance: Objective) -> tuple[dimod.BinaryQuadraticModel, dict[str, Any]]:
        """Return the instance as a dimod model, and the inverse temperatures that its formulation names."""
        named: dict[str, Any] = {}
        if BETA_RANGE in self.estimates and self.parameters[BETA_RANGE] is None and instance.suggested_beta_range:
            named[BETA_RANGE] = instance.suggested_beta_range
        return instance.qubo.to_bqm(), named

    def sample(self, prepared: tuple[Any, dict[str, Any]], *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Call the sampler once per batch, each time with a seed of its own."""
        model, named = prepared
        sampler = self.sampler()
        random = np.random.default_rng(seed)
        for num_reads in budget.reads_in_batches(self.batch_reads, MAX_BATCH_BITS // model.num_variables):
            call_seed = int(random.integers(2**31 - 1))
            answer = sampler.sample(model, **(self.keywords(num_reads, call_seed) | named))
            named = named or {key: answer.info[key] for key in self.estimates}
            yield Batch(bits_of(answer), evaluations=self.evaluations(answer))


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
