"""D-Wave's hybrid solver of binary quadratic models, in its cloud: heuristics of its own that may ask a QPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bnnbench.solver.contract import Objective
from bnnbench.solver.dimod import bits_of

from ._leap import Bits, Connected, LeapSolver


@dataclass(frozen=True, kw_only=True)
class LeapHybrid(LeapSolver):
    """Submissions to a hybrid solver of the Leap service, whose inside is not published; no embedding is needed.

    Nothing can seed it. It is charged for the time limits of its submissions, and answers one read each, or a few: a
    budget of seconds is one submission of that time, unless `time_limit_s` divides it; a budget of reads alone is a
    submission per read. The clocks ``run_s``, ``charge_s`` and ``qpu_access_s`` are those of the service.

    References
    ----------
    C. McGeoch, P. Farré and W. Bernoudy, "D-Wave hybrid solver service + Advantage: technology update", D-Wave
    technical report 14-1048A-A, 2020.
    """

    needs: ClassVar[tuple[str, ...]] = ("dwave-system",)

    @override
    def sampler(self) -> Any:
        from dwave.system import LeapHybridSampler

        return LeapHybridSampler(**self.config)

    @override
    def model(self, instance: Objective) -> tuple[Any, Bits]:
        return instance.qubo.to_bqm(), lambda bits: bits

    @override
    def sizes(self, model: Any) -> Iterator[tuple[str, int, str]]:
        yield "variables", model.num_variables, "maximum_number_of_variables"
        biases = model.num_variables + model.num_interactions
        yield "variables and couplings", biases, "maximum_number_of_biases"

    @override
    def ask(self, prepared: Connected, limit_s: float) -> tuple[NDArray[np.int8], Mapping[str, Any]]:
        answer = prepared.sampler.sample(prepared.model, time_limit=limit_s)
        return bits_of(answer), answer.info
