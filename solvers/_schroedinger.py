"""Closed-system quantum annealing of a diagonal cost: the Schrödinger equation, integrated with error control."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.annealer.transverse_field import largest_coefficient
from bnnbench.errors import InputError
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Paradigm, Positive

from ._diagonal import DiagonalSolver

FIRST_STEPS = 32
MAX_STEPS = 2**20


@dataclass(frozen=True, kw_only=True)
class Schroedinger(DiagonalSolver):
    r"""Annealing in a transverse field, without noise or temperature; every read measures the final state.

    With s = t / T from 0 to 1, energies in GHz and times in ns, the state obeys

        i dψ/dt = 2π·H(s) ψ,    H(s) = −A(s)/2·Σ_q X_q + B(s)/2·C/u,

    from the uniform superposition, the ground state of H(0). u is the largest coefficient of the cost C as a polynomial
    of spins, so that couplings are at most 1 in size, as an annealer scales them. Each step is a second-order
    (Strang) product of the two terms, with the schedule at its middle. The number of steps is doubled until no
    probability of a cost up to a level changes by more than `tolerance`.

    References
    ----------
    T. Kadowaki and H. Nishimori, "Quantum annealing in the transverse Ising model", Physical Review E 58, 1998.
    """

    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "steps of the integration"
    paradigm: ClassVar[Paradigm] = "Quantum Simulator"

    time_ns: Positive = 20.0
    """Length T of the anneal."""
    schedule: str = "linear"
    """``linear``: A = (1 − s)·`energy_ghz`, B = s·`energy_ghz`. Or the path of a CSV file of s, A and B in
    GHz, such as the sheets that D-Wave publishes of its annealers; s rises from 0 to 1, and is interpolated.
    """
    energy_ghz: Positive = 1.0
    """Of the linear schedule."""
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    """Largest change of a probability when the steps are halved."""
    precision: Literal["single", "double"] = "double"
    """Of the amplitudes."""
    max_qubits: Annotated[int, Field(ge=1, le=26)] = 20
    """Larger instances are refused: time and memory double with every qubit."""

    def warm_up(self) -> None:
        from ._statevector import Simulator

        for values in (np.array([0.0, 1.0]), np.array([0.0, np.pi])):
            simulator = Simulator(values, single=self.precision == "single")
            anneal(simulator, read_schedule("linear", 1.0), 1.0, 1)

    def prepare(self, instance: Objective) -> Any:
        """Read the schedule, compute the diagonal and its unit."""
        from ._statevector import Simulator

        self.warm_up()
        schedule = read_schedule(self.schedule, self.energy_ghz)
        diagonal = self.diagonal(instance)
        unit = largest_coefficient(diagonal.values) or 1.0
        return diagonal, Simulator(diagonal.values, unit, single=self.precision == "single"), schedule

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Integrate with more and more steps, each time an estimate, and measure the final state of the last."""
        diagonal, simulator, schedule = prepared
        random = np.random.default_rng(seed)
        steps, change, before = FIRST_STEPS, 1.0, None
        while change > self.tolerance and steps <= MAX_STEPS:
            anneal(simulator, schedule, self.time_ns, steps)
            cumulative = cumulative_by_cost(diagonal.values, simulator.probabilities())
            if before is not None:
                change = float(np.abs(cumulative - before).max())
            before, steps = cumulative, 2 * steps
            if change > self.tolerance:
                yield Batch(
                    diagonal.bits_of(simulator.draw_states(1, random)), phase="training", evaluations=steps // 2
                )
        facts = {
            "expectation": simulator.value(),
            "optimum_probability": simulator.probability_up_to(float(diagonal.values.min())),
            "anneal_steps": steps // 2,
            "step_error": change,
        }
        evaluations = steps // 2
        for num_reads in budget.reads_in_batches(100, MAX_BATCH_BITS // diagonal.num_qubits):
            states = simulator.draw_states(num_reads, random)
            yield Batch(diagonal.bits_of(states), facts=facts, evaluations=evaluations)
            facts, evaluations = {}, 0


def read_schedule(name: str, energy_ghz: float) -> NDArray[np.float64]:
    """Read a schedule as columns s, A, B, float64 of shape (3, k).

    Raises
    ------
    InputError
        If a file cannot be read, or has other columns, or s does not rise from 0 to 1.
    """
    if name == "linear":
        return np.array([[0.0, 1.0], [energy_ghz, 0.0], [0.0, energy_ghz]])
    try:
        lines = [line for line in csv.reader(Path(name).read_text(encoding="utf-8-sig").splitlines()) if line]
        table = np.array([[float(cell) for cell in line[:3]] for line in lines[1:]], dtype=np.float64).T
    except (OSError, ValueError) as error:
        raise InputError(
            f"schedule {name} cannot be read: {error}; give `linear`, or a CSV file of s, A, B."
        ) from error
    if table.ndim != 2 or len(table) != 3 or not np.isfinite(table).all():
        raise InputError(f"schedule {name}: each row must have the numbers s, A and B in GHz, below a line of names.")
    if table[0, 0] != 0 or table[0, -1] != 1 or np.any(np.diff(table[0]) <= 0):
        raise InputError(f"schedule {name}: s must rise from 0 to 1, but goes from {table[0, 0]} to {table[0, -1]}.")
    return table


def anneal(simulator: Any, schedule: NDArray[np.float64], time_ns: float, steps: int) -> None:
    """Integrate one anneal by `steps` Strang steps; the half turns of neighboring steps are one turn."""
    middle = (np.arange(steps) + 0.5) / steps
    field, cost = (np.pi * time_ns / steps * np.interp(middle, schedule[0], row) for row in schedule[1:])
    simulator.start()
    simulator.turn(cost[0] / 2)
    for step in range(steps):
        simulator.mix(-field[step])
        simulator.turn((cost[step] + (cost[step + 1] if step + 1 < steps else 0.0)) / 2)


def cumulative_by_cost(values: NDArray[np.float64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of a cost up to each distinct cost, (levels,)."""
    _, place = np.unique(np.round(values, 9), return_inverse=True)
    return np.cumsum(np.bincount(place, weights=probabilities))
