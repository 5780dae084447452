"""QAOA by state-vector simulation, the library's way (qiskit-optimization)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from bnnbench.solver.contract import MAX_BATCH_BITS, Batch, Budget, Objective, Paradigm, Phase, Solver
from bnnbench.solver.stream import stream_of


@dataclass(frozen=True, kw_only=True)
class Qaoa(Solver):
    """Quantum approximate optimization algorithm; reads are shots of the final state.

    Shots of the states on the way, while angles are trained, are no reads. The Hamiltonian is divided by its largest
    coefficient, which keeps the angles near 1. The first point is drawn by the seed. One batch is one evaluation, so a
    run is cut between two evaluations.

    References
    ----------
    E. Farhi, J. Goldstone and S. Gutmann, "A Quantum Approximate Optimization Algorithm", arXiv 1411.4028, 2014.
    """

    needs: ClassVar[tuple[str, ...]] = ("qiskit", "qiskit-optimization")
    loads: ClassVar[tuple[str, ...]] = ("qiskit.primitives", "qiskit.quantum_info", "qiskit_optimization.optimizers")
    paradigm: ClassVar[Paradigm] = "Quantum Simulator"
    counts: ClassVar[str] = "circuit layers × shots"

    reps: Annotated[int, Field(ge=1)] = 1
    """Layers p."""
    shots: Annotated[int, Field(ge=1)] = 200
    """Shots per evaluation."""
    maxiter: Annotated[int, Field(ge=1)] = 100
    """Evaluations by COBYLA, after which the final state is sampled until the budget is spent."""
    max_qubits: Annotated[int, Field(ge=1, le=30)] = 16
    """Larger instances are refused: time and memory double with every qubit."""

    def refuses(self, instance: Objective) -> str | None:
        """Refuse too many qubits, and a constant energy."""
        qubits = instance.qubo.num_variables
        if qubits > self.max_qubits:
            return f"qaoa: {qubits} qubits are more than max_qubits = {self.max_qubits}; simulation doubles with each."
        return None if _largest(instance) > 0 else "qaoa: the energy is constant, so that there is no Hamiltonian."

    def prepare(self, instance: Objective) -> Any:
        """Build the Ising operator, scaled."""
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_optimization import QuadraticProgram

        qubo = instance.qubo
        program = QuadraticProgram()
        for variable in range(qubo.num_variables):
            program.binary_var(f"x{variable}")
        couplings = zip(qubo.rows.tolist(), qubo.cols.tolist(), qubo.couplings.tolist(), strict=True)
        program.minimize(qubo.offset, qubo.linear, {(i, j): coupling for i, j, coupling in couplings})
        operator, _ = program.to_ising()
        coefficients = operator.coeffs.real / np.abs(operator.coeffs).max()
        # qiskit 2 fails to hash some circuit parameters whose factors are long fractions ("can't convert negative int
        # to unsigned"). Factors of 2^-20 steer the optimizer just as well, and energies are recomputed anyway.
        return SparsePauliOp(operator.paulis, np.rint(coefficients * 2**20) / 2**20)

    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Yield a batch of training per evaluation, then reads of the final state."""
        from qiskit.primitives import StatevectorSampler
        from qiskit_optimization.minimum_eigensolvers import QAOA
        from qiskit_optimization.optimizers import COBYLA

        random = np.random.default_rng(seed)
        start = random.uniform(-1, 1, 2 * self.reps)

        def call(emit: Callable[[Batch], None]) -> None:
            trained = False

            class Optimizer(COBYLA):
                """Tells when the angles are trained: the next circuit is the final one."""

                def minimize(self, *args: Any, **kwargs: Any) -> Any:
                    nonlocal trained
                    result = super().minimize(*args, **kwargs)
                    trained = True
                    return result

            class Reporting(StatevectorSampler):  # type: ignore[misc]  # its library has no types
                """Hands every shot on before the optimizer sees it."""

                def run(self, pubs: Any, *, shots: int | None = None) -> Any:
                    if not trained:
                        return self.answered(pubs, shots, "training")
                    job = None
                    most = MAX_BATCH_BITS // prepared.num_qubits
                    for num_reads in budget.reads_in_batches(outer.shots, most, first=outer.shots):
                        job = self.answered(pubs, num_reads, "final")
                    return job

                def answered(self, pubs: Any, shots: int | None, phase: Phase) -> Any:
                    job = super().run(pubs, shots=shots)
                    (result,) = job.result()
                    (register,) = result.data.values()
                    bits = register.to_bool_array(order="little").astype(np.int8)
                    emit(Batch(bits, phase=phase, evaluations=outer.reps * len(bits)))
                    return job

            outer = self
            sampler = Reporting(default_shots=self.shots, seed=np.random.default_rng(int(random.integers(2**32))))
            optimizer = Optimizer(maxiter=self.maxiter)
            QAOA(sampler, optimizer, reps=self.reps, initial_point=start).compute_minimum_eigenvalue(prepared)

        return stream_of(call)


def _largest(instance: Objective) -> float:
    qubo = instance.qubo
    return float(np.abs(np.concatenate([qubo.linear, qubo.couplings])).max(initial=0.0))
