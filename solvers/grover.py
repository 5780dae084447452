"""Grover search over the weight settings, without any QUBO: amplitude amplification, ideally simulated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.solver.contract import Batch, Budget, Objective, Paradigm

from ._diagonal import Diagonal, WeightQubits

GROWTH = 6 / 5
"""Factor by which the range of iterations grows, as in Boyer et al.; any below 4/3 keeps their bound."""
PATIENCE = 22.5
"""Oracle calls per read in units of √(2^n), after which Dürr and Høyer stop; they add 1.4·n²."""


@dataclass(frozen=True, kw_only=True)
class Grover(WeightQubits):
    """Amplitude amplification of the weight settings whose training loss is low enough, a qubit per weight.

    After k iterations from the uniform superposition over N states, M of them marked, a measurement finds a marked one
    with probability sin²((2k + 1)·θ), sin²θ = M/N; within marked and within unmarked states all are equally likely. The
    simulation draws from this closed form. Each read is one attempt from the beginning.

    References
    ----------
    L. K. Grover, "A fast quantum mechanical algorithm for database search", STOC 1996.
    M. Boyer, G. Brassard, P. Høyer and A. Tapp, "Tight bounds on quantum searching", Fortschritte der Physik 46, 1998:
    the closed form, and the search for an unknown number of marked states.
    C. Dürr and P. Høyer, "A quantum algorithm for finding the minimum", arXiv quant-ph/9607014, 1996.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "calls of the oracle"
    paradigm: ClassVar[Paradigm] = "Quantum Simulator"

    optima: Literal["unknown", "known"] = "unknown"
    """``unknown``: search for a lower loss than the best so far, until none is found (Dürr and Høyer). ``known``: mark
    the optimal settings and iterate the right number of times, as if an oracle knew the optimal loss and their number.
    """
    max_qubits: Annotated[int, Field(ge=1, le=28)] = 22
    """Larger networks are refused: the simulation needs the loss of every setting."""

    @override
    def prepare(self, instance: Objective) -> tuple[Diagonal, NDArray[np.int64], NDArray[np.float64]]:
        diagonal = self.diagonal(instance)
        order = np.argsort(diagonal.values, kind="stable")
        return diagonal, order, diagonal.values[order]

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        diagonal, order, losses = prepared
        random = np.random.default_rng(seed)
        for num_reads in budget.reads_in_batches(10, 10_000):
            draws = [self._read(losses, random) for _ in range(num_reads)]
            places, calls = zip(*draws, strict=True)
            yield Batch(diagonal.bits_of(order[list(places)]), evaluations=sum(calls))

    def _read(self, losses: NDArray[np.float64], random: np.random.Generator) -> tuple[int, int]:
        """Return the place of one read in the sorted losses, and its calls of the oracle."""
        if self.optima == "known":
            marked = int(np.searchsorted(losses, losses[0], side="right"))
            iterations = best_iterations(marked, len(losses))
            return measure(marked, len(losses), iterations, random), iterations
        return find_minimum(losses, random)


def success(marked: int, size: int, iterations: int) -> float:
    """Return the probability of a marked state, sin²((2k + 1)·θ) with sin²θ = M/N."""
    return float(np.sin((2 * iterations + 1) * np.arcsin(np.sqrt(marked / size))) ** 2)


def best_iterations(marked: int, size: int) -> int:
    """Return the least number of iterations of the largest probability before it falls: ⌊π / 4θ⌋."""
    return int(np.pi / 4 / np.arcsin(np.sqrt(marked / size)))


def measure(marked: int, size: int, iterations: int, random: np.random.Generator) -> int:
    """Return the place of a measured state among states that are sorted so that marked ones come first."""
    if random.random() < success(marked, size, iterations):
        return int(random.integers(marked))
    return int(random.integers(marked, size)) if marked < size else int(random.integers(size))


def find_minimum(losses: NDArray[np.float64], random: np.random.Generator) -> tuple[int, int]:
    """Find the minimum with probability at least ½: mark what is lower than the best so far, and search again.

    Iterations of each search are drawn below a range that grows by `GROWTH` after a failure, up to √N. The search ends
    after `PATIENCE`·√N + 1.4·log₂²N calls. Each measured state is checked by one more call.
    """
    size = len(losses)
    most = PATIENCE * np.sqrt(size) + 1.4 * np.log2(size) ** 2
    best, calls, width = int(random.integers(size)), 1, 1.0
    while calls < most:
        marked = int(np.searchsorted(losses, losses[best], side="left"))
        iterations = int(random.integers(int(np.ceil(width))))
        found = measure(marked, size, iterations, random)
        calls += iterations + 1
        if losses[found] < losses[best]:
            best, width = found, 1.0
        else:
            width = min(width * GROWTH, np.sqrt(size))
    return best, calls
