"""Simulated annealing on the QUBO (dwave-neal)."""

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
class SimulatedAnnealing(DimodSolver):
    """Metropolis updates over a schedule of inverse temperatures, from random states.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-neal", "dwave-samplers")  # neal only hands calls on
    loads: ClassVar[tuple[str, ...]] = ("neal",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 100
    """Sweeps over all variables per read."""
    beta_range: Annotated[tuple[Positive, Positive] | None, Range(0.02, 100.0, log=True, count=2)] = None
    """First and last inverse temperature; None: estimated from the coefficients, whatever the formulation."""
    beta_schedule_type: Literal["geometric", "linear"] = "linear"
    """How the inverse temperature grows."""

    @override
    def sampler(self) -> dimod.Sampler:
        from neal import SimulatedAnnealingSampler

        return SimulatedAnnealingSampler()

    @override
    def schedule(self, qubo: Qubo) -> dict[str, tuple[float, float]]:
        return {"beta_range": self.beta_range or estimated_beta_range(qubo)}

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a proposed flip per variable and sweep."""
        return self.num_sweeps * len(answer.variables) * len(answer)
