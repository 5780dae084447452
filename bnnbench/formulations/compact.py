"""Binary counters, all weights free, λ just above its bound; exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bnnbench.qubo.counter import Counter, counter_named
from bnnbench.qubo.penalty_formulation import Penalty, PenaltyFormulation
from bnnbench.search_range import Range


@dataclass(frozen=True, kw_only=True)
class Compact(PenaltyFormulation):
    """Agreements without ancillas in the first layer, and counters that are no longer than they must be.

    The encoding of Sasdelli and Chin, corrected for every fan-in, a bias and every loss, and made smaller.

    References
    ----------
    M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751, 2021.
    """

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
