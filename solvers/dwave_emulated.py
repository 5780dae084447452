"""Advantage without the machine: embedding, missing qubits and control errors, emulated by annealing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from bnnbench.annealer.copies import Copies
from bnnbench.annealer.embedding import ChainPrefactor, ChainStrength, Topology
from bnnbench.annealer.unembedding import ChainBreaks
from bnnbench.plugins.files import SolverSpec
from bnnbench.plugins.registry import load_solver
from bnnbench.solver.contract import Batch, Budget, Objective, Paradigm, Solver

from ._around import Around


@dataclass(frozen=True, kw_only=True)
class DWaveEmulated(Around):
    """`embedded` around `control_errors` around an annealer, on a graph with missing qubits: emulated, no QPU.

    It shows what chains, a yield below 1 and imprecise coefficients cost, not how a machine anneals. Every row has the
    fact ``emulated``.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers", "dwave-system", "minorminer")
    paradigm: ClassVar[Paradigm] = "Quantum Simulator"

    topology: Topology = "zephyr"
    """Hardware graph: Zephyr (Advantage2) or Pegasus (Advantage)."""
    topology_size: Annotated[int, Field(ge=1)] | None = None
    """Size of the graph; None: that of the QPU, 16 for Pegasus, 12 for Zephyr."""
    qubit_yield: Annotated[float, Field(gt=0, le=1)] = 0.98
    """Share of the qubits that work; which, `embedding_seed` decides."""
    bias_error: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02
    """See the solver `control_errors`."""
    coupling_error: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.02
    """See the solver `control_errors`."""
    annealer: SolverSpec = "path_integral"
    """What samples the qubits, such as ``simulated_annealing[num_sweeps=1000]``."""
    embedding_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of minorminer, and of the missing qubits."""
    copies: Copies = 1
    """See the solver `embedded`."""
    chain_strength: ChainStrength = None
    """Coupling of spins within a chain, see the solver `embedded`."""
    chain_prefactor: ChainPrefactor = None
    """See the solver `embedded`."""
    chain_breaks: ChainBreaks = "majority_vote"
    """See the solver `embedded`."""

    @property
    @override
    def within(self) -> Solver:
        errors = load_solver(
            "control_errors", inner=self.annealer, bias_error=self.bias_error, coupling_error=self.coupling_error
        )
        return load_solver(
            "embedded",
            inner=str(errors.spec),
            topology=self.topology,
            topology_size=self.topology_size,
            qubit_yield=self.qubit_yield,
            embedding_seed=self.embedding_seed,
            copies=self.copies,
            chain_strength=self.chain_strength,
            chain_prefactor=self.chain_prefactor,
            chain_breaks=self.chain_breaks,
        )

    @override
    def refuses(self, instance: Objective) -> str | None:
        return self.within.refuses(instance)

    @override
    def prepare(self, instance: Objective) -> Any:
        return self.within.prepare(instance)

    @override
    def sample(self, prepared: Any, *, seed: int, budget: Budget) -> Iterator[Batch]:
        stream: Any = self.within.sample(prepared, seed=seed, budget=budget)
        with closing(stream):
            for batch in stream:
                yield replace(batch, facts={**batch.facts, "emulated": True})

    @property
    @override
    def versions(self) -> dict[str, str]:
        return {**super().versions, **self.within.versions}
