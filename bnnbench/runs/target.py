"""The target of a run: what its samples are measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bnnbench.optimum.truth import Truth, TruthKind
from bnnbench.qubo.qubo import bound_slack
from bnnbench.solver.contract import Budget


@dataclass(frozen=True)
class Target:
    """The measure of a run: the optimal loss, how it is known, and whether the formulation is sound.

    Parameters
    ----------
    num_samples
        Training samples of the problem, of which losses above the optimum are told in percent.
    has_floor
        Whether no loss is below 0; the energy of a QUBO of a file can be.
    """

    loss: float | None
    kind: TruthKind | None
    is_sound: bool
    num_samples: int = 0
    has_floor: bool = True

    def reached_by(self, loss: float) -> Target:
        """Return what a loss makes of the target: 0 is the optimum of every network, whatever was known before."""
        is_new = self.has_floor and loss == 0 and (self.kind is None or (self.kind == "best_known" and self.loss != 0))
        return replace(self, loss=0.0, kind="attained") if is_new else self

    def above(self, percent: float) -> float | None:
        """Return the loss that is so many percent of the samples above the optimum; None if that is not known."""
        return None if self.loss is None else self.loss + percent * self.num_samples / 100

    def goal(self, budget: Budget) -> float | None:
        """Return the loss at which a run of a budget ends; None if it has no target, or no optimum is known."""
        return None if self.loss is None or budget.target is None else self.loss + budget.target

    def slack(self, energy: float) -> float:
        """Return by how much a claimed bound may miss an energy and still meet it.

        It is 0 for a sound formulation: what its energies lack to a loss by rounding is taken off by the judge. Others
        are sums of any numbers, and a solver in floating point has a tolerance of its own.
        """
        return 0.0 if self.is_sound else bound_slack(energy)

    @property
    def is_certified(self) -> bool:
        """Return whether no setting can have a lower loss."""
        return self.kind not in (None, "best_known")

    @property
    def energy(self) -> float | None:
        """Ground energy; None where the formulation is not sound or nothing is known."""
        return self.loss if self.is_sound else None


def target_of(truth: Truth | None, num_samples: int, *, is_sound: bool) -> Target:
    """Return the target that a truth makes, or that of a problem of which nothing is known."""
    return Target(
        truth.loss if truth else None, truth.kind if truth else None, is_sound, num_samples, has_floor=num_samples > 0
    )
