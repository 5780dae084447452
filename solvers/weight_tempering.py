"""Parallel tempering of the weights, without any QUBO: replicas at a ladder of temperatures that trade places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.flip_anneal import Task
from bnnbench.optimum.replica_tempering import make_ladder, temper_weights
from bnnbench.problem.network import Network
from bnnbench.search_range import Range
from bnnbench.solver.contract import Positive

from ._replicas import ReplicaSearch


@dataclass(frozen=True, kw_only=True)
class WeightTempering(ReplicaSearch):
    """Exchange Monte Carlo of the number of errors; temperatures are spaced geometrically.

    References
    ----------
    K. Hukushima and K. Nemoto, "Exchange Monte Carlo Method and Application to Spin Glass Simulations", Journal of the
    Physical Society of Japan 65, 1996.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)

    temperatures: Annotated[int, Field(ge=2, le=1024), Range(4, 32, log=True)] = 12
    """Replicas, one per temperature."""
    hot: Annotated[Positive, Range(0.3, 3.0, log=True)] = 0.8
    """Highest temperature, in errors."""
    cold: Annotated[Positive, Range(0.05, 0.5, log=True)] = 0.15
    """Lowest temperature, in errors."""

    @property
    @override
    def num_replicas(self) -> int:
        return self.temperatures

    @override
    def search(self, task: Task, network: Network, *, unit: float, num_reads: int, seed: int) -> NDArray[np.int8]:
        ladder = make_ladder(np.geomspace(self.hot, self.cold, self.temperatures), unit)
        return temper_weights(
            task, network.widths, bias=network.bias, num_reads=num_reads, num_sweeps=self.num_sweeps, ladder=ladder,
            seed=seed,
        ).weights  # fmt: skip
