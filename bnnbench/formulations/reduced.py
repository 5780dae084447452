"""Binary counters, sign symmetry fixed, λ just above its bound; exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnnbench.qubo.counter import Counter, counter_named
from bnnbench.qubo.penalty_formulation import Penalty, PenaltyFormulation
from bnnbench.search_range import Range


@dataclass(frozen=True, kw_only=True)
class Reduced(PenaltyFormulation):
    """The formulation ``compact`` with one weight fixed per hidden neuron of odd fan-in, see docs/formulation.md."""

    fixes_signs: ClassVar[bool] = True

    counter: str = "binary"
    """How counts are written: binary, unary, paired (every second count, half as many bits) or none (no bits)."""
    penalty: Annotated[Penalty, Range(0.05, 5.0, log=True, count="layers")] = None
    """λ, what a violation costs at least: one number, one per layer, or None: a 64th above the bound of each layer."""
    merge: bool = True
    """Whether samples that no network tells apart are one sample of a larger weight: equal and, if odd, opposite."""

    @property
    def counting(self) -> Counter:
        """Return the counter: the way in which counts are written in bits."""
        return counter_named(self.counter, self.name)
