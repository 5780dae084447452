"""Replicated annealing of the weights, without any QUBO: replicas that pull at a common center."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.replica_anneal import Schedule, center_schedule
from bnnbench.search_range import Range
from bnnbench.solver.contract import Positive

from ._replicas import CoupledReplicas


@dataclass(frozen=True, kw_only=True)
class WeightReplicas(CoupledReplicas):
    """Annealing of the robust ensemble: temperature falls geometrically while the pull of the center grows linearly.

    References
    ----------
    C. Baldassi, C. Borgs, J. T. Chayes, A. Ingrosso, C. Lucibello, L. Saglietti and R. Zecchina, "Unreasonable
    effectiveness of learning neural networks: From accessible states and robust ensembles to basic algorithmic
    schemes", PNAS 113, 2016.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)

    replicas: Annotated[int, Field(ge=2, le=1024), Range(2, 21)] = 7
    """Replicas y around the center."""
    hot: Annotated[Positive, Range(0.2, 5.0, log=True)] = 1.0
    """First temperature, in errors."""
    cold: Annotated[Positive, Range(0.02, 1.0, log=True)] = 0.2
    """Last temperature, in errors."""
    strength: Annotated[Positive, Range(0.05, 20.0, log=True)] = 1.0
    """Pull γ of the center at the end; it begins at 0."""

    @property
    @override
    def num_replicas(self) -> int:
        return self.replicas

    @override
    def schedule(self, unit: float) -> Schedule:
        betas = 1 / np.geomspace(self.hot, self.cold, self.num_sweeps)
        return center_schedule(self.replicas, betas, np.linspace(0, self.strength, self.num_sweeps), unit)
