"""The state that a reverse anneal starts from: the best answer of another solver."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from bnnbench.annealer.embedding import Embedding
from bnnbench.errors import InputError
from bnnbench.solver.answer import open_stream, taken
from bnnbench.solver.contract import Budget, Objective, Solver
from bnnbench.solver.refusal import refusal


@dataclass(frozen=True, eq=False)
class InitialState:
    """One bit per qubit, in physical order, and the seconds that finding them took.

    Attributes
    ----------
    bits
        int8 of shape (num_physical,).
    """

    bits: NDArray[np.int8]
    seconds: float

    def spins(self, qubits: tuple[int, ...], gauge: NDArray[np.int8]) -> dict[int, int]:
        """Return −1 or +1 for each qubit, turned by the gauge, as a QPU takes them."""
        return dict(zip(qubits, (2 * (self.bits ^ gauge).astype(int) - 1).tolist(), strict=True))


def cannot_start(solver: Solver, instance: Objective) -> str | None:
    """Return why a solver cannot give the state, as a sentence; None if it can."""
    if solver.paradigm == "Quantum Hardware":
        return f"dwave: initial={solver.spec} would ask a QPU, which no limit counts; take another solver."
    return solver.unavailable() or refusal(solver, instance)


def initial_state(
    solver: Solver, instance: Objective, embedding: Embedding, *, num_reads: int, seed: int
) -> InitialState:
    """Ask a solver for some reads, and write that of least energy on the chains of an embedding.

    Raises
    ------
    InputError
        If the solver answers nothing.
    """
    start = perf_counter()
    budget, qubo = Budget(reads=num_reads), instance.qubo
    best, least, num_answered = None, np.inf, 0
    with open_stream(solver, solver.prepare(instance), seed=seed, budget=budget) as stream:
        for batch in map(taken, stream, repeat(qubo.num_variables)):
            energies = qubo.energies(batch.bits)
            if energies.min() < least:
                best, least = batch.bits[energies.argmin()], float(energies.min())
            num_answered += len(batch.bits)
            if num_answered >= num_reads:
                break
    if best is None:
        raise InputError(f"dwave: the solver {solver.spec} answered no state to start from; take another initial.")
    lengths = [len(chain) for chain in embedding.chains]
    bits = np.repeat(np.tile(best, embedding.copies), lengths).astype(np.int8)
    return InitialState(bits, perf_counter() - start)
