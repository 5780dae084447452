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

    num_restarts: Annotated[int, Field(ge=0), Range(0, 30)] = 4
    """Restarts per read. Work ends a read; the clock only guards it."""
    tenure: Annotated[int | None, Field(ge=1), Range(1, 100, log=True)] = None
    """Flips for which a flipped bit stays; None: a quarter of the variables, 20 at most."""

    @override
    def sampler(self) -> dimod.Sampler:
        from tabu import TabuSampler

        return TabuSampler()

    def keywords(self, num_reads: int, seed: int) -> dict[str, Any]:
        """Lift the sampler's own limit of 20 ms per read, which would make answers depend on speed."""
        return {**super().keywords(num_reads, seed), "timeout": 2**31 - 1}
