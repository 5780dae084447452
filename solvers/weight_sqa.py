"""Simulated quantum annealing of the weights, without any QUBO: a Suzuki–Trotter ring of replicas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from typing_extensions import override

from bnnbench.optimum.replica_anneal import Schedule, ring_schedule
from bnnbench.search_range import Range
from bnnbench.solver.contract import Positive

from ._replicas import CoupledReplicas


@dataclass(frozen=True, kw_only=True)
class WeightSqa(CoupledReplicas):
    """Path-integral Monte Carlo of the number of errors in a transverse field that is turned down linearly.

    References
    ----------
    G. E. Santoro, R. Martoňák, E. Tosatti and R. Car, "Theory of Quantum Annealing of an Ising Spin Glass", Science
    295, 2002.
    C. Baldassi and R. Zecchina, "Efficiency of quantum vs. classical annealing in nonconvex learning problems", PNAS
    115, 2018: the same for networks with binary weights.
    """

    needs: ClassVar[tuple[str, ...]] = ("numba",)

    trotter_slices: Annotated[int, Field(ge=2, le=1024), Range(2, 64, log=True)] = 16
    """Replicas in the ring, slices of imaginary time."""
    beta: Annotated[Positive, Range(2.0, 100.0, log=True)] = 20.0
    """Inverse temperature β, per error."""
    gamma: Annotated[Positive, Range(0.3, 10.0, log=True)] = 2.5
    """Transverse field Γ at the start, in errors; it falls linearly to `gamma_end`."""
    gamma_end: Positive = 0.01
    """Transverse field at the end."""

    @property
    @override
    def num_replicas(self) -> int:
        return self.trotter_slices

    @override
    def schedule(self, unit: float) -> Schedule:
        fields = np.linspace(self.gamma, self.gamma_end, self.num_sweeps)
        return ring_schedule(self.trotter_slices, self.beta, fields, unit)
