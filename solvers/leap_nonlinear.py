"""D-Wave's nonlinear hybrid solver, in its cloud: the forward pass itself, without penalties and constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.problem.problem import Problem
from bnnbench.solver.contract import Objective

from ._leap import Bits, Connected, LeapSolver
from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class LeapNonlinear(LeapSolver, NetworkSolver):
    """The training loss as a nonlinear model of the weight bits: products of matrices, and signs.

    Time limits, what they cost and the clocks are as those of `leap_hybrid`; the inside of this solver is not published
    either. A submission answers all states that the service returns.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-system", "dwave-optimization")

    @override
    def sampler(self) -> Any:
        from dwave.system import LeapHybridNLSampler

        return LeapHybridNLSampler(**self.config)

    @override
    def model(self, instance: Objective) -> tuple[Any, Bits]:
        network = self.network_of(instance)
        return nonlinear_model(network.problem), lambda answers: network.complete(2 * answers - 1)

    @override
    def sizes(self, model: Any) -> Iterator[tuple[str, int, str]]:
        yield "nodes", model.num_nodes(), "maximum_number_of_nodes"

    @override
    def least_s(self, prepared: Connected) -> float:
        return float(prepared.sampler.estimated_min_time_limit(prepared.model))

    @override
    def ask(self, prepared: Connected, limit_s: float) -> tuple[NDArray[np.int8], Mapping[str, Any]]:
        info = prepared.sampler.sample(prepared.model, time_limit=limit_s).result().info
        states, decisions = range(prepared.model.states.size()), list(prepared.model.iter_decisions())
        bits = [np.concatenate([weights.state(state).ravel() for weights in decisions]) for state in states]
        return np.array(bits).astype(np.int8), info["timing"]


def nonlinear_model(problem: Problem) -> Any:
    """Return the loss as a `dwave.optimization.Model`, whose decisions are the weight bits of each layer in turn."""
    from dwave.optimization.mathematical import hstack, less_equal, matmul, transpose
    from dwave.optimization.model import Model

    network, price, model = problem.network, problem.loss_weights, Model()
    zero, one, two = (model.constant(value) for value in (0.0, 1.0, 2.0))
    ones = model.constant(np.ones((problem.num_samples, 1)))
    activation: Any = model.constant(problem.inputs.astype(np.float64))
    weights = [model.binary((network.widths[k], network.fan_in(k))) for k in range(1, network.num_layers + 1)]
    for layer in weights:
        inputs = hstack([activation, ones]) if network.bias else activation
        z = matmul(inputs, transpose(two * layer - one))
        activation = two * less_equal(zero, z) - one
    targets, fan_in = model.constant(problem.targets.astype(np.float64)), network.fan_in(network.num_layers)
    half = model.constant(0.5)
    loss = model.constant(price.errors) * half * (one - targets * activation)
    loss = loss + model.constant(price.margin) * half * (model.constant(float(fan_in)) - targets * z)
    model.minimize(loss.sum())
    return model
