"""QAOA on a diagonal, its angles and its reads: shared by the adapters for weights and for QUBOs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.plugins.registry import load_problem, load_solver
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.instance import compile as compile_problem
from bnnbench.solver.answer import open_stream
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Paradigm, Positive

from ._diagonal import Diagonal, DiagonalSolver

EPSILON = 0.25
"""How far the qubits of a warm start are kept from 0 and 1, as in its source; at 1/2 nothing is left of the start."""


@dataclass(frozen=True, kw_only=True)
class Qaoa(DiagonalSolver):
    """Quantum approximate optimization algorithm on a diagonal cost, by an ideal state vector.

    Angles are found without shot noise, by the exact expectation and its gradient; then every read is a measurement of
    the final state. γ multiplies costs in units of their standard deviation.

    References
    ----------
    E. Farhi, J. Goldstone and S. Gutmann, "A Quantum Approximate Optimization Algorithm", arXiv 1411.4028, 2014.
    L. Zhou, S.-T. Wang, S. Choi, H. Pichler and M. D. Lukin, "Quantum Approximate Optimization Algorithm: Performance,
    Mechanism, and Implementation on Near-Term Devices", Physical Review X 10, 2020: interpolation of angles.
    """

    paradigm: ClassVar[Paradigm] = "Quantum Simulator"
    counts: ClassVar[str] = "circuit layers × shots"

    reps: Annotated[int, Field(ge=1, le=1000)] = 2
    """Layers p."""
    angles: Literal["optimized", "ramp", "transferred"] = "optimized"
    """Where angles come from: optimized on this instance, a linear ramp, or optimized on `source`."""
    source: str = ""
    """Problem whose optimized angles are transferred, such as ``parity[size=2]``."""
    maxiter: Annotated[int, Field(ge=1)] = 100
    """Gradients per number of layers."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the probability whose mean cost is minimized (CVaR); 1: all of it, the expectation."""
    ramp: Positive = 0.75
    """Largest angle of the linear ramp, with which the optimization starts too."""
    warm_start: str = "none"
    """Solver whose answer the qubits begin near, such as ``steepest_descent``; ``none``: the uniform superposition."""
    precision: Literal["single", "double"] = "double"
    """Of the amplitudes."""
    max_qubits: Annotated[int, Field(ge=1, le=28)] = 22
    """Larger instances are refused: time and memory double with every qubit."""

    def warm_up(self) -> None:
        from ._statevector import Simulator

        for values in (np.array([0.0, 1.0]), np.array([0.0, np.pi])):
            simulator = Simulator(values, single=self.precision == "single", tilts=np.ones(1))
            simulator.gradient(np.ones(1), np.ones(1))

    def refuses(self, instance: Objective) -> str | None:
        if (self.angles == "transferred") != bool(self.source):
            return f"{self.name}: transferred angles need a source, and only they; give both, or neither."
        if self.source and not isinstance(instance, Instance):
            return f"{self.name}: angles can be transferred between networks, but this QUBO has none."
        return super().refuses(instance)

    def prepare(self, instance: Objective) -> Any:
        """Compute the diagonal, that of the source and its angles, and the answer of a warm start."""
        self.warm_up()
        diagonal = self.diagonal(instance)
        tilts = None if self.warm_start == "none" else self._tilts(instance, diagonal)
        return diagonal, self._simulator(diagonal, tilts), self._source_angles(instance)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Find angles, a measurement of each stage being training, then measure the final state."""
        diagonal, simulator, angles = prepared
        random = np.random.default_rng(seed)
        if self.angles == "ramp":
            angles = ramp(self.reps, self.ramp)
        elif self.angles == "optimized":
            for angles, evaluations in stages(simulator, self.reps, self.ramp, self.share, self.maxiter):
                simulator.run(*np.split(angles, 2))
                bits = diagonal.bits_of(simulator.draw_states(1, random))
                yield Batch(bits, phase="training", evaluations=evaluations)
        simulator.run(*np.split(angles, 2))
        least = float(diagonal.values.min())
        facts = {"expectation": simulator.value(), "optimum_probability": simulator.probability_up_to(least)}
        for num_reads in budget.reads_in_batches(100, MAX_BATCH_BITS // diagonal.num_qubits):
            bits = diagonal.bits_of(simulator.draw_states(num_reads, random))
            yield Batch(bits, facts=facts, evaluations=self.reps * num_reads)
            facts = {}

    def _simulator(self, diagonal: Diagonal, tilts: NDArray[np.float64] | None = None) -> Any:
        from ._statevector import Simulator

        scale = float(diagonal.values.std()) or 1.0
        return Simulator(diagonal.values, scale, single=self.precision == "single", tilts=tilts)

    def _source_angles(self, instance: Objective) -> NDArray[np.float64] | None:
        """Optimize the angles of the source, compiled as the instance was."""
        if not self.source or not isinstance(instance, Instance):
            return None
        source = compile_problem(load_problem(self.source), instance.formulation)
        simulator = self._simulator(self.diagonal(source))
        *_, (angles, _) = stages(simulator, self.reps, self.ramp, self.share, self.maxiter)
        return angles

    def _tilts(self, instance: Objective, diagonal: Diagonal) -> NDArray[np.float64]:
        """Ask the solver of the warm start for one read, and tilt the qubits towards it."""
        solver = load_solver(self.warm_start)
        with open_stream(solver, solver.prepare(instance), seed=0, budget=Budget(reads=1)) as stream:
            qubits = diagonal.to_qubits(next(stream).bits[:1])[0]
        return np.asarray(2 * np.arcsin(np.sqrt(np.clip(qubits, EPSILON, 1 - EPSILON))))


def ramp(reps: int, largest: float) -> NDArray[np.float64]:
    """Return the angles of a linear ramp, γ then β, (2p,): the cost is turned on while the mixer is turned off."""
    place = (np.arange(reps) + 0.5) / reps
    return np.concatenate([place * largest, (place - 1) * largest])


def stages(
    simulator: Any, reps: int, largest: float, share: float, maxiter: int
) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Optimize the angles of one layer, of two, … of `reps`, and yield each with the circuit layers that it took.

    BFGS with exact gradients, each stage from the interpolated angles of the one before. The last one starts from a
    linear ramp besides, and keeps the better.
    """
    from scipy.optimize import minimize

    def cost(angles: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slopes = simulator.gradient(*np.split(angles, 2), share)
        return float(value), slopes

    def descend(angles: NDArray[np.float64]) -> Any:
        return minimize(cost, angles, jac=True, method="BFGS", options={"maxiter": maxiter})

    angles = ramp(1, largest)
    for layers in range(1, reps + 1):
        starts = [angles, ramp(reps, largest)] if layers == reps > 1 else [angles]
        found = [descend(start) for start in starts]
        best = np.asarray(min(found, key=lambda result: result.fun).x)
        yield best, layers * sum(result.nfev for result in found)
        angles = np.concatenate([interpolate(half) for half in np.split(best, 2)])


def interpolate(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles of p + 1 layers between those of p: the l-th is (l − 1)/p·old_{l−1} + (p − l + 1)/p·old_l."""
    p = len(angles)
    place = np.arange(p + 1) / p
    return np.asarray(place * np.append(0, angles) + (1 - place) * np.append(angles, 0))
