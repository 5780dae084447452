"""D-Wave's hybrid solver of binary quadratic models, in its cloud: heuristics of its own that may ask a QPU."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from bnnbench.annealer.cloud import cloud_errors, missing_token
from bnnbench.errors import RefusedError
from bnnbench.solver.contract import Batch, Budget, Objective, Paradigm, Positive, Solver
from bnnbench.solver.dimod import bits_of

if TYPE_CHECKING:
    import dimod

_CLOCKS = {"run_time": "run_s", "charge_time": "charge_s", "qpu_access_time": "qpu_access_s"}


@dataclass(frozen=True)
class _Prepared:
    sampler: Any
    model: dimod.BinaryQuadraticModel


@dataclass(frozen=True, kw_only=True)
class LeapHybrid(Solver):
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
    seeded: ClassVar[bool] = False
    paradigm: ClassVar[Paradigm] = "Quantum Hardware"

    hybrid_solver: Annotated[str, Field(min_length=1)] | None = None
    """Name of the hybrid solver; None: the latest one for binary quadratic models."""
    time_limit_s: Positive | None = None
    """Seconds per submission; None: those of the budget, or the least that the solver takes for this many variables."""
    max_charge_seconds: Positive | None = None
    """Refuse a run whose time limits sum up to more seconds than this, before anything is submitted."""

    def unavailable(self) -> str | None:
        """Ask for a token too; no network is asked whether it is good."""
        return super().unavailable() or missing_token("leap_hybrid")

    def sampler(self) -> Any:
        """Connect to the named solver, or to the latest one."""
        from dwave.system import LeapHybridSampler

        return LeapHybridSampler(**({} if self.hybrid_solver is None else {"solver": {"name": self.hybrid_solver}}))

    def prepare(self, instance: Objective) -> _Prepared:
        """Connect.

        Raises
        ------
        UnavailableError
            If the cloud cannot be reached, does not know the token, or has no such solver online.
        RefusedError
            If there are too many variables or couplings.
        """
        with cloud_errors("leap_hybrid", "connecting"):
            sampler = self.sampler()
            properties = sampler.properties
        qubo = instance.qubo
        for what, number, key in (
            ("variables", qubo.num_variables, "maximum_number_of_variables"),
            ("variables and couplings", qubo.num_variables + qubo.num_couplings, "maximum_number_of_biases"),
        ):
            if number > properties.get(key, math.inf):
                raise RefusedError(
                    f"leap_hybrid: the instance has {number} {what}, but the solver takes {properties[key]}; take a "
                    "smaller problem."
                )
        return _Prepared(sampler, qubo.to_bqm())

    def sample(self, prepared: _Prepared, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Submit once per batch.

        Raises
        ------
        RefusedError
            If the service does not take the time limit, or its sum is above `max_charge_seconds`.
        UnavailableError
            If a submission fails.
        """
        limit_s, number = self._time_limit_s(prepared, budget), self._submissions(prepared, budget)
        least_s = float(prepared.sampler.min_time_limit(prepared.model))
        most_s = 3600 * prepared.sampler.properties.get("maximum_time_limit_hrs", math.inf)
        if not least_s <= limit_s <= most_s:
            raise RefusedError(
                f"leap_hybrid: a time limit of {limit_s:g} s came, but for {prepared.model.num_variables} variables "
                f"the solver takes {least_s:g} to {most_s:g} s; change the budget's seconds, or time_limit_s."
            )
        if self.max_charge_seconds is not None and number * limit_s > self.max_charge_seconds:
            raise RefusedError(
                f"leap_hybrid: a budget of {budget} is {number} submissions of {limit_s:g} s, more than "
                f"max_charge_seconds={self.max_charge_seconds:g}; nothing was submitted. Take a smaller budget, or "
                "raise it."
            )
        return self._batches(prepared, limit_s, number, budget)

    def qpu_seconds(self, prepared: _Prepared, budget: Budget) -> float:
        """Return the time limits, of which the QPU takes a part that nobody tells before."""
        return self._submissions(prepared, budget) * self._time_limit_s(prepared, budget)

    def _time_limit_s(self, prepared: _Prepared, budget: Budget) -> float:
        given = self.time_limit_s or budget.seconds
        return float(prepared.sampler.min_time_limit(prepared.model)) if given is None else given

    def _submissions(self, prepared: _Prepared, budget: Budget) -> int:
        """Return the most submissions; there are fewer if one answers several reads."""
        in_time = (
            math.inf if budget.seconds is None else math.ceil(budget.seconds / self._time_limit_s(prepared, budget))
        )
        return int(min(in_time, budget.reads or math.inf))

    def _batches(self, prepared: _Prepared, limit_s: float, number: int, budget: Budget) -> Iterator[Batch]:
        left = budget.reads
        for _ in range(number):
            with cloud_errors("leap_hybrid", "a submission"):
                answer = prepared.sampler.sample(prepared.model, time_limit=limit_s)
                info = answer.info  # resolves the answer
            bits = bits_of(answer)[:left]
            yield Batch(bits, clocks={name: info[key] / 1e6 for key, name in _CLOCKS.items() if key in info})
            if left is not None and (left := left - len(bits)) <= 0:
                return
