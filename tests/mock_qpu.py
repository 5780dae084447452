"""A QPU for tests: D-Wave's own mock of its sampler, with the timing model that dwave-cloud-client ships for tests."""

from __future__ import annotations

import itertools
from functools import partial
from types import SimpleNamespace
from typing import Any

import dimod
import numpy as np
from dwave.cloud.solver import StructuredSolver
from dwave.cloud.testing.mocks import qpu_problem_timing_data
from dwave.system import DWaveSampler
from dwave.system.testing import MockDWaveSampler

from bnnbench.qubo.qubo import Qubo, make_qubo


class Mock(MockDWaveSampler):
    """Notes what is asked of it; its samples are local minima, never a planted ground state."""

    def __init__(self, **config: Any) -> None:
        config = {"topology_type": "pegasus", "topology_shape": [3], **config}
        super().__init__(exact_solver_cutoff=0, parameter_warnings=False, **config)
        self.asked: list[dict[str, Any]] = []
        self.models: list[dimod.BinaryQuadraticModel] = []

    def validate_anneal_schedule(self, anneal_schedule: Any) -> None:
        """As the real one."""
        DWaveSampler.validate_anneal_schedule(self, anneal_schedule)

    def sample(self, bqm: dimod.BinaryQuadraticModel, **keywords: Any) -> dimod.SampleSet:
        self.asked.append(keywords)
        self.models.append(bqm)
        return super().sample(bqm, **keywords)


def timed(make: type[Mock] = Mock) -> Mock:
    """A mock with the timing model of a QPU, as dwave-cloud-client ships it for tests."""
    mock = make()
    mock.solver = SimpleNamespace(properties={"problem_timing_data": qpu_problem_timing_data()})
    mock.solver.estimate_qpu_access_time = partial(StructuredSolver.estimate_qpu_access_time, mock.solver)
    return mock


def planted(target: list[int]) -> Qubo:
    """(Σ_i [x_i ≠ t_i])², whose only minimum is 0 at t, over a complete graph, so that chains are needed."""
    t = np.array(target)
    sign, total = 1.0 - 2 * t, float(t.sum())  # [x ≠ t] = t + sign·x
    rows, cols = np.array(list(itertools.combinations(range(len(t)), 2))).T
    return make_qubo(sign**2 + 2 * total * sign, rows, cols, 2 * sign[rows] * sign[cols], total**2)
