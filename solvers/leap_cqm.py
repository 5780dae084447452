"""D-Wave's hybrid solver of constrained models, in its cloud: the network's constraints in the place of penalties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.qubo.constrained_model import constrained_model
from bnnbench.qubo.linear_program import network_program
from bnnbench.solver.contract import Objective
from bnnbench.solver.dimod import bits_of

from ._leap import Bits, Connected, LeapSolver
from ._network_solver import NetworkSolver


@dataclass(frozen=True, kw_only=True)
class LeapCqm(LeapSolver, NetworkSolver):
    """The training loss over weights and activations, with two constraints per neuron and three per product.

    An answer is read by its weights alone, whether its activations keep the constraints or not. Time limits, what they
    cost and the clocks are as those of `leap_hybrid`; the inside of this solver is not published either.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-system",)

    @override
    def sampler(self) -> Any:
        from dwave.system import LeapHybridCQMSampler

        return LeapHybridCQMSampler(**self.config)

    @override
    def model(self, instance: Objective) -> tuple[Any, Bits]:
        network = self.network_of(instance)
        model = constrained_model(network_program(network.problem))

        def bits(answers: NDArray[np.int8]) -> NDArray[np.int8]:
            return network.complete(2 * model.answers(answers) - 1)

        return model.cqm, bits

    @override
    def sizes(self, model: Any) -> Iterator[tuple[str, int, str]]:
        yield "variables", len(model.variables), "maximum_number_of_variables"
        yield "constraints", len(model.constraints), "maximum_number_of_constraints"
        yield "biases", model.num_biases(), "maximum_number_of_biases"

    @override
    def ask(self, prepared: Connected, limit_s: float) -> tuple[NDArray[np.int8], Mapping[str, Any]]:
        answer = prepared.sampler.sample_cqm(prepared.model, time_limit=limit_s)
        return bits_of(answer), answer.info
