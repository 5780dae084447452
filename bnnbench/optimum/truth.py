"""Knowledge about the optimum of a problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.card import card

HEURISTICS = "annealing of the weights or message passing"
"""What finds the best known weights."""
TruthKind = Literal["exhaustive", "attained", "proved", "given", "best_known"]


@dataclass(frozen=True, eq=False)
class Truth:
    """The optimum of a training problem, and how it is known.

    Parameters
    ----------
    problem_hash
        Content hash of the problem.
    loss
        The optimal training loss; for ``best_known`` only an upper bound of it.
    kind
        ``exhaustive``: all weight settings were searched. ``attained``: a setting with loss 0, the least possible, is
        known. ``proved``: a named solver proved it. ``given``: the suite names it for a QUBO of a file, and
        nobody here has seen it. ``best_known``: the least loss seen.
    method
        What found it, in words.
    optima
        Optimal weight settings, int8 ±1 of shape (k, num_weights), in lexicographic order. All of them if
        ``len(optima) == num_optima``; otherwise the search stopped collecting at its cap.
    num_optima
        Number of optimal weight settings; None if not counted.
    seconds
        Wall time of the search.
    lower_bound
        No setting has a lower loss than this; None: the loss itself.
    nodes
        Nodes of the search; with several threads it varies a little from run to run.
    """

    problem_hash: str
    loss: float
    kind: TruthKind
    method: str
    optima: NDArray[np.int8] = field(repr=False)
    num_optima: int | None = None
    seconds: float = 0.0
    lower_bound: float | None = None
    nodes: int = 0

    def __repr__(self) -> str:
        counted = "" if self.num_optima is None else f", {self.num_optima:,} optimal settings"
        return f"<Truth: loss {self.loss:g}, {self.kind.replace('_', ' ')} ({self.method}){counted}>"

    def _repr_html_(self) -> str:
        facts = {"loss": f"{self.loss:g}", "known as": self.kind.replace("_", " "), "by": self.method}
        return card("Optimum", facts | {"optimal settings": self.num_optima, "found in": f"{self.seconds:.3g} s"})

    @property
    def energy(self) -> float:
        """Ground energy E_0 of every sound formulation: the optimal loss."""
        return self.loss

    @property
    def is_certified(self) -> bool:
        """Return whether no setting can have a lower loss."""
        return self.kind != "best_known"

    @property
    def rank(self) -> tuple[bool, float, bool]:
        """Truths of a problem in the order of how much they say: certified, of low loss, counted."""
        return self.is_certified, -self.loss, self.num_optima is not None

    @property
    def is_capped(self) -> bool:
        """Return whether there are more optimal settings than `optima` lists."""
        return self.num_optima is None or len(self.optima) < self.num_optima
