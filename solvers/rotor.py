"""Simulated annealing of classical rotors in a transverse field, a model of a quantum annealer (dwave-samplers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Positive
from bnnbench.solver.dimod import DimodSolver
from bnnbench.solver.schedule import estimated_beta_range

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, kw_only=True)
class Rotor(DimodSolver):
    """Spin-vector Monte Carlo: each spin is an angle, which a transverse field holds upright until it fades.

    The rotors of the last state are projected onto the bits. The default proposes an angle at random.

    References
    ----------
    S. W. Shin, G. Smith, J. A. Smolin and U. Vazirani, "How 'Quantum' is the D-Wave Machine?", arXiv 1401.7087, 2014;
    as implemented by D-Wave.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers",)
    loads: ClassVar[tuple[str, ...]] = ("dwave.samplers",)
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed angles"

    num_sweeps: Annotated[int, Field(ge=1)] = 1000
    """Sweeps over all variables per read."""
    beta_range: tuple[Positive, Positive] | None = None
    """First and last inverse temperature; None: estimated from the coefficients, whatever the formulation."""
    beta_schedule_type: Literal["geometric", "linear"] = "geometric"
    """How the inverse temperature grows."""
    proposals: Literal["uniform", "field"] = "uniform"
    """Proposed angles: any, or such as lie within the ratio of transverse to longitudinal field."""

    @override
    def unavailable(self) -> str | None:
        if reason := super().unavailable():
            return reason
        import dwave.samplers

        if hasattr(dwave.samplers, "RotorModelAnnealingSampler"):
            return None
        return "dwave-samplers is older than 1.8 and has no rotors; run: pip install --upgrade dwave-samplers."

    @override
    def sampler(self) -> dimod.Sampler:
        from dwave.samplers import RotorModelAnnealingSampler

        return RotorModelAnnealingSampler()

    @override
    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        given = super().keywords(num_reads, seed)
        rule = {"uniform": "MetropolisUniform", "field": "MetropolisTF"}[given.pop("proposals")]
        return {**given, "proposal_acceptance_criteria": rule}

    @override
    def schedule(self, qubo: Qubo) -> dict[str, tuple[float, float]]:
        return {"beta_range": self.beta_range or estimated_beta_range(qubo)}

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a proposed angle per variable and sweep."""
        return self.num_sweeps * len(answer.variables) * len(answer)
