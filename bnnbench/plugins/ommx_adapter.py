"""Solvers as a sampler adapter of OMMX: what is here, for programs that speak OMMX; it needs ommx to be imported."""

from __future__ import annotations

from typing import Any

import dimod
from ommx.adapter import SamplerAdapter
from typing_extensions import override

from bnnbench.plugins.sampler import as_sampler
from bnnbench.qubo.ommx_instance import as_qubo
from bnnbench.solver.contract import Solver
from bnnbench.spec import Spec


class BnnbenchAdapter(SamplerAdapter):  # type: ignore[misc]  # ommx is an Any where it is not installed
    """A solver of QUBOs behind OMMX's interface; constraints become penalties, and feasibility is OMMX's to judge.

    Parameters
    ----------
    ommx_instance
        An `ommx.v1.Instance` without continuous variables.
    solver
        Its name, such as ``tabu[num_restarts=4]``.
    num_reads, seed, time_limit_s
        As `bnnbench.as_sampler` takes them.
    penalty
        Of a constraint that is missed by 1.
    """

    def __init__(
        self,
        ommx_instance: Any,
        *,
        solver: str | Spec | Solver = "simulated_annealing",
        num_reads: int | None = 10,
        seed: int | None = None,
        time_limit_s: float | None = None,
        penalty: float = 10.0,
    ) -> None:
        self.ommx_instance = ommx_instance
        self._sampler = as_sampler(solver)
        self._asked: dict[str, Any] = {"num_reads": num_reads, "seed": seed, "time_limit_s": time_limit_s}
        self._converted, coefficients, offset = as_qubo(ommx_instance, penalty)
        self._model = dimod.BinaryQuadraticModel.from_qubo(coefficients, offset)

    @classmethod
    @override
    def sample(cls, ommx_instance: Any, **options: Any) -> Any:
        adapter = cls(ommx_instance, **options)
        return adapter.decode_to_sampleset(adapter._sampler.sample(adapter.sampler_input, **adapter._asked))

    @classmethod
    @override
    def solve(cls, ommx_instance: Any, **options: Any) -> Any:
        return cls.sample(ommx_instance, **options).best_feasible

    @property
    @override
    def sampler_input(self) -> dimod.BinaryQuadraticModel:
        return self._model

    @property
    @override
    def solver_input(self) -> dimod.BinaryQuadraticModel:
        return self._model

    @override
    def decode_to_sampleset(self, data: dimod.SampleSet) -> Any:
        labels = list(data.variables)
        states = {
            number: dict(zip(labels, map(float, row), strict=True)) for number, row in enumerate(data.record.sample)
        }
        answers = self._converted.evaluate_samples(states)
        own = {variable.id for variable in self.ommx_instance.decision_variables}
        return self.ommx_instance.evaluate_samples(
            {
                number: {v: value for v, value in answers.get(number).state.entries.items() if v in own}
                for number in states
            }
        )

    @override
    def decode(self, data: dimod.SampleSet) -> Any:
        return self.decode_to_sampleset(data).best_feasible
