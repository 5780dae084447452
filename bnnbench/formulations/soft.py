"""No counters, sign symmetry fixed, λ = 0.06 hidden, 0.35 output; not exact, made to be annealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.counter import Counter, counter_named
from bnnbench.qubo.penalty_formulation import Penalty, PenaltyFormulation
from bnnbench.search_range import Range

BY_DEPTH = (0.06, 0.35)
"""λ of hidden layers and of the output layer, for networks of any depth; how they were found: docs/penalties.md."""


@dataclass(frozen=True, kw_only=True)
class Soft(PenaltyFormulation):
    """Penalties below the bound, so that annealing moves; it is judged by the loss of its decoded weights."""

    fixes_signs: ClassVar[bool] = True

    counter: str = "none"
    """How counts are written: binary, unary, paired (every second count, half as many bits) or none (no bits)."""
    penalty: Annotated[Penalty, Range(0.02, 3.0, log=True, count="layers")] = BY_DEPTH
    """λ, what a violation costs at least: one number, or one per layer; the default stands for any depth."""
    merge: bool = True
    """Whether samples that no network tells apart are one sample of a larger weight: equal and, if odd, opposite."""

    @property
    def counting(self) -> Counter:
        """Return the counter: the way in which counts are written in bits."""
        return counter_named(self.counter, self.name)

    def penalties(self, problem: Problem) -> tuple[float, ...]:
        """Return λ_1, …, λ_L."""
        hidden, output = BY_DEPTH
        if self.penalty == BY_DEPTH:
            return (hidden,) * (problem.network.num_layers - 1) + (output,)
        return super().penalties(problem)

    def _wrong_depth(self, network: Network) -> str | None:
        return None if self.penalty == BY_DEPTH else super()._wrong_depth(network)
