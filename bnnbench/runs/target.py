"""The target of a run: what its samples are measured against."""

from __future__ import annotations

from dataclasses import dataclass

from bnnbench.optimum.truth import TruthKind


@dataclass(frozen=True)
class Target:
    """The measure of a run: the optimal loss, how it is known, and whether the formulation is sound."""

    loss: float | None
    kind: TruthKind | None
    is_sound: bool

    def reached_by(self, loss: float) -> Target:
        """Return what a loss makes of the target: 0 is the optimum of every problem, whatever was known before."""
        is_new = loss == 0 and (self.kind is None or (self.kind == "best_known" and self.loss != 0))
        return Target(0.0, "attained", self.is_sound) if is_new else self

    @property
    def energy(self) -> float | None:
        """Ground energy; None where the formulation is not sound or nothing is known."""
        return self.loss if self.is_sound else None
