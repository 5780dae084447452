"""Multistart tabu search over single bit flips (dwave-tabu)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from bnnbench.search_range import Range
from bnnbench.solver.dimod import DimodSolver

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, kw_only=True)
class Tabu(DimodSolver):
    """Multistart tabu search.

    References
    ----------
    G. Palubeckis, "Multistart Tabu Search Strategies for the Unconstrained Binary Quadratic Optimization Problem",
    Annals of Operations Research 131, 2004; as implemented by D-Wave.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-samplers", "dwave-tabu")  # tabu only hands calls on
    loads: ClassVar[tuple[str, ...]] = ("tabu",)
    batch_reads: ClassVar[int] = 1
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    num_restarts: Annotated[int, Field(ge=0), Range(0, 30)] = 4
    """Restarts per read. Work ends a read, and no clock does: a search of n > 500 variables is 25,000·n flips, each of
    which looks at n, so that with ten thousand variables a read takes hours, and the limits of the run end it."""
    tenure: Annotated[int | None, Field(ge=1), Range(1, 100, log=True)] = None
    """Flips for which a flipped bit stays; None: a quarter of the variables, 20 at most."""

    def evaluations(self, answer: dimod.SampleSet) -> int:
        """Count the flips that each tabu search may consider at least; it ends at the first step after them.

        dwave-samplers tells the restarts, not the flips: by its documented defaults, the first search of n variables
        ends after max(500,000, z·n) flips, z = 10,000 up to 500 variables and 25,000 above, and others after a quarter
        of z. No clock and no energy ends one before.
        """
        n = len(answer.variables)
        z = 10_000 if n <= 500 else 25_000
        first, later = (max(500_000, coefficient * n) for coefficient in (z, z // 4))
        return first * len(answer) + later * int(answer.record.num_restarts.sum())

    @override
    def sampler(self) -> dimod.Sampler:
        from tabu import TabuSampler

        return TabuSampler()

    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        """Lift the sampler's own limit of 20 ms per read, which would make answers depend on speed."""
        return {**super().keywords(num_reads, seed), "timeout": 2**31 - 1}
