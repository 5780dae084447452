"""Steepest descent from random states (dwave-samplers): what next to no effort gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from bnnbench.solver.dimod import DimodSolver

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, kw_only=True)
class SteepestDescent(DimodSolver):
    """Flip the bit that lowers the energy most until none does, from random states."""

    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers",)
    loads: ClassVar[tuple[str, ...]] = ("dwave.samplers",)
    batch_reads: ClassVar[int] = 100
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    @override
    def sampler(self) -> dimod.Sampler:
        from dwave.samplers import SteepestDescentSampler

        return SteepestDescentSampler()

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count a look at all variables per step, also for the last, which finds none."""
        return int((answer.record.num_steps + 1).sum()) * len(answer.variables)
