"""A solver around another one: what is said of its reads is what the solver within says."""

from __future__ import annotations

from abc import abstractmethod

from typing_extensions import override

from bnnbench.solver.contract import Objective, Solver
from bnnbench.solver.ready import make_ready


class Around(Solver):
    """A solver that changes the problem and hands it on: its reads are those of the solver within."""

    @property
    @abstractmethod
    def within(self) -> Solver:
        """Return the solver within."""

    @property
    def memoryless(self) -> bool:  # type: ignore[override]
        """Return whether the solver within is memoryless; what lies around it is the same for every read."""
        return self.within.memoryless

    @property
    def counts(self) -> str:  # type: ignore[override]
        """Return what the solver within counts."""
        return self.within.counts

    @property
    def watches_clock(self) -> bool:  # type: ignore[override]
        """Return whether the solver within watches the clock."""
        return self.within.watches_clock

    @property
    @override
    def gives_one_read(self) -> bool:
        return self.within.gives_one_read

    @property
    @override
    def threads(self) -> int:
        return self.within.threads

    @override
    def warm_up(self) -> None:
        make_ready(self.within)

    @override
    def unavailable(self) -> str | None:
        return super().unavailable() or self.within.unavailable()

    @override
    def refuses(self, instance: Objective) -> str | None:
        return self.within.refuses(instance.qubo)
