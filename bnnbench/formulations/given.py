"""The QUBO of a file, as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation, Soundness
from bnnbench.qubo.qubo import Qubo
from bnnbench.qubo.qubo_problem import QuboProblem


@dataclass(frozen=True, kw_only=True)
class Given(Formulation):
    """Nothing is written anew: bits are those of the file. Suites use it for their ``[[instances]]`` by themselves."""

    @override
    def refuses(self, problem: Problem) -> str | None:
        if isinstance(problem, QuboProblem):
            return None
        return f"given is for a QUBO of a file, but {problem.name} is a network with data; use another formulation."

    @override
    def compile(self, problem: Problem) -> Qubo:
        assert isinstance(problem, QuboProblem)  # noqa: S101  refuses says so before
        return problem.qubo

    @override
    def complete(self, problem: Problem, weights: NDArray[np.int8]) -> NDArray[np.int8]:
        return (weights + 1) // 2

    @override
    def soundness(self, problem: Problem) -> Soundness:
        return Soundness.SOUND
