"""Simulated annealing on the QUBO (OpenJij)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from bnnbench.search_range import Range
from bnnbench.solver.contract import Positive

from ._openjij import OpenJijSolver

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, kw_only=True)
class OpenJij(OpenJijSolver):
    """Metropolis updates over a geometric schedule of inverse temperatures, by another library than D-Wave's.

    References
    ----------
    Jij Inc., "OpenJij: Framework for the Ising model and QUBO", https://github.com/OpenJij/OpenJij.
    """

    needs: ClassVar[tuple[str, ...]] = ("openjij",)
    loads: ClassVar[tuple[str, ...]] = ("openjij",)

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 1000
    """Sweeps over all variables per read."""
    beta_min: Annotated[Positive | None, Range(0.02, 3.0, log=True)] = None
    """First inverse temperature; None: estimated from the instance."""
    beta_max: Annotated[Positive | None, Range(3.0, 100.0, log=True)] = None
    """Last inverse temperature; None: estimated from the instance."""

    @override
    def sampler(self) -> dimod.Sampler:
        import openjij

        return openjij.SASampler()

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a proposed flip per variable and sweep."""
        return self.num_sweeps * len(answer.variables) * len(answer)
