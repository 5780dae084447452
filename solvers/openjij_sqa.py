"""Simulated quantum annealing on the QUBO (OpenJij)."""

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
class OpenJijSqa(OpenJijSolver):
    """Path-integral Monte Carlo with discrete imaginary time while a transverse field fades; its best slice is a read.

    References
    ----------
    T. Kadowaki and H. Nishimori, "Quantum annealing in the transverse Ising model", Physical Review E 58, 1998.
    """

    needs: ClassVar[tuple[str, ...]] = ("openjij",)
    loads: ClassVar[tuple[str, ...]] = ("openjij",)

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 100
    """Sweeps over all variables of all slices per read."""
    beta: Annotated[Positive, Range(2.0, 100.0, log=True)] = 30.0
    """Inverse temperature."""
    gamma: Annotated[Positive, Range(0.1, 10.0, log=True)] = 1.0
    """Strength of the transverse field at the start."""
    trotter: Annotated[int, Field(ge=2)] = 4
    """Slices of imaginary time."""

    @override
    def sampler(self) -> dimod.Sampler:
        import openjij

        return openjij.SQASampler()

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a proposed flip per variable, slice and sweep."""
        return self.num_sweeps * self.trotter * len(answer.variables) * len(answer)
