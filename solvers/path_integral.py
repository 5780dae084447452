"""Simulated quantum annealing by path integrals on the QUBO (dwave-samplers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.qubo import Qubo
from bnnbench.search_range import Range
from bnnbench.solver.contract import Positive
from bnnbench.solver.dimod import DimodSolver
from bnnbench.solver.schedule import estimated_beta_range

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, kw_only=True)
class PathIntegral(DimodSolver):
    """Path-integral Monte Carlo of an Ising model in a transverse field: each bit is a worldline in imaginary time.

    References
    ----------
    R. Martoňák, G. E. Santoro and E. Tosatti, "Quantum annealing by the path-integral Monte Carlo method: The
    two-dimensional random Ising model", Physical Review B 66, 2002.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers",)
    loads: ClassVar[tuple[str, ...]] = ("dwave.samplers",)
    batch_reads: ClassVar[int] = 1  # a read of a large instance takes a second
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 1000
    """Sweeps over all variables per read."""
    beta_range: Annotated[tuple[Positive, Positive] | None, Range(0.02, 100.0, log=True, count=2)] = None
    """First and last inverse temperature; None: estimated from the coefficients, whatever the formulation."""
    beta_schedule_type: Literal["geometric", "linear"] = "geometric"
    """How the inverse temperature grows."""

    @override
    def sampler(self) -> dimod.Sampler:
        from dwave.samplers import PathIntegralAnnealingSampler

        return PathIntegralAnnealingSampler()

    @override
    def schedule(self, qubo: Qubo) -> dict[str, tuple[float, float]]:
        return {"beta_range": self.beta_range or estimated_beta_range(qubo)}

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a proposed flip per variable and sweep."""
        return self.num_sweeps * len(answer.variables) * len(answer)
