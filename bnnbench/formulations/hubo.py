"""The loss as a polynomial of the weights, of any degree, without ancillas; as a QUBO, reduced to degree two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Soundness
from bnnbench.qubo.table_formulation import Strength, TableFormulation


@dataclass(frozen=True, kw_only=True)
class Hubo(TableFormulation):
    """The multilinear polynomial that has the training loss as its value on every setting of the weights.

    Its number of terms is bounded whatever the number of samples. Solvers of polynomials take it as it is; the QUBO
    has two bits more for each product of spins that the reduction needs.
    """

    strength: Strength = None
    """Price of a product that is wrong; None: 2 Σ |c| over the terms of degree above two, which keeps the minimum."""

    @override
    def table(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.float64]:
        return problem.training_loss(weights)

    @override
    def soundness(self, problem: Problem) -> Soundness:
        return Soundness.SOUND if self.is_strong(problem) and self.is_exact(problem) else Soundness.UNKNOWN
