"""QAOA by state-vector simulation on the precomputed diagonal, with kernels of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.qubo import all_energies
from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Phase, Positive, Solver
from bnnbench.solver.stream import stream_of


@dataclass(frozen=True, kw_only=True)
class QaoaDiagonal(Solver):
    """Quantum approximate optimization algorithm; reads are shots of the final state.

    Shots of the states on the way, while angles are trained, are no reads. Angles start on a linear ramp with one layer
    and are optimized without shot noise; the optimum of p layers is interpolated to the start of p + 1. When all layers
    are optimized, shots are drawn from the final state until the budget is spent. γ multiplies energies in units of
    their standard deviation.

    References
    ----------
    E. Farhi, J. Goldstone and S. Gutmann, "A Quantum Approximate Optimization Algorithm", arXiv 1411.4028, 2014.
    L. Zhou, S.-T. Wang, S. Choi, H. Pichler and M. D. Lukin, "Quantum Approximate Optimization Algorithm: Performance,
    Mechanism, and Implementation on Near-Term Devices", Physical Review X 10, 2020: interpolation.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba", "scipy")

    reps: Annotated[int, Field(ge=1)] = 2
    """Layers p."""
    shots: Annotated[int, Field(ge=1)] = 200
    """Shots per evaluation."""
    maxiter: Annotated[int, Field(ge=1)] = 50
    """Evaluations by COBYLA per number of layers."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the probability whose mean energy is minimized (CVaR); 1: all of it, the expectation."""
    ramp: Positive = 0.75
    """Largest angle of the linear ramp."""
    precision: Literal["single", "double"] = "double"
    """Of the amplitudes."""
    max_qubits: Annotated[int, Field(ge=1, le=28)] = 22
    """Larger instances are refused: time and memory double with every qubit; 26 qubits take 3 GB."""

    @override
    def warm_up(self) -> None:
        from ._statevector import Simulator

        for energies in (np.array([0.0, 1.0]), np.array([0.0, np.pi])):
            simulator = Simulator(energies, single=self.precision == "single")
            simulator.run(np.ones(1), np.ones(1))
            simulator.value()

    def refuses(self, instance: Objective) -> str | None:
        """Refuse too many qubits."""
        qubits = instance.qubo.num_variables
        if qubits <= self.max_qubits:
            return None
        return f"qaoa_diagonal: {qubits} qubits are more than max_qubits = {self.max_qubits}; each doubles the cost."

    def prepare(self, instance: Objective) -> Any:
        """Compute the diagonal."""
        from ._statevector import Simulator

        self.warm_up()
        qubo = instance.qubo
        energies = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
        return Simulator(energies, float(energies.std()) or 1.0, single=self.precision == "single")

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield a batch of training per evaluation, then reads of the final state."""
        from scipy.optimize import minimize

        random = np.random.default_rng(seed)

        def call(emit: Callable[[Batch], None]) -> None:
            def shoot(num_shots: int, num_layers: int, phase: Phase) -> None:
                bits, facts = prepared.draw(num_shots, random), {"expectation": prepared.value()}
                emit(Batch(bits, facts=facts, phase=phase, evaluations=num_layers * num_shots))

            def evaluate(angles: NDArray[np.float64]) -> float:
                prepared.run(*np.split(angles, 2))
                shoot(self.shots, len(angles) // 2, "training")
                return float(prepared.value(self.share))

            angles = np.array([0.5, -0.5]) * self.ramp
            for layers in range(1, self.reps + 1):
                if layers > 1:
                    angles = np.concatenate([_interpolate(half) for half in np.split(angles, 2)])
                options = {"maxiter": self.maxiter, "rhobeg": 0.2}
                angles = minimize(evaluate, angles, method="COBYLA", options=options).x
            prepared.run(*np.split(angles, 2))
            for shots in budget.reads_in_batches(self.shots, MAX_BATCH_BITS // prepared.num_qubits):
                shoot(shots, self.reps, "final")

        return stream_of(call)


def _interpolate(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles of p + 1 layers: the l-th is (l − 1)/p · old_{l−1} + (p − l + 1)/p · old_l."""
    p = len(angles)
    place = np.arange(p + 1) / p
    return np.asarray(place * np.append(0, angles) + (1 - place) * np.append(angles, 0))
