"""Submissions to a hybrid solver of D-Wave's Leap service: time limits, what they are charged, and their clocks."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.annealer.cloud import cloud_errors, missing_token
from bnnbench.errors import RefusedError
from bnnbench.solver.contract import Batch, Budget, Objective, Paradigm, Positive, Solver

_CLOCKS = {"run_time": "run_s", "charge_time": "charge_s", "qpu_access_time": "qpu_access_s"}


Bits = Callable[[NDArray[np.int8]], NDArray[np.int8]]


@dataclass(frozen=True)
class Connected:
    """A sampler of the service, the model that it takes, and the way from bits of the model to those of an instance."""

    sampler: Any
    model: Any
    instance_bits: Bits


@dataclass(frozen=True, kw_only=True)
class LeapSolver(Solver):
    """A subclass says what is submitted, and how an answer is read."""

    seeded: ClassVar[bool] = False
    watches_clock: ClassVar[bool] = True
    paradigm: ClassVar[Paradigm] = "Quantum Hardware"

    hybrid_solver: Annotated[str, Field(min_length=1)] | None = None
    """Name of the hybrid solver; None: the latest one."""
    time_limit_s: Positive | None = None
    """Seconds per submission; None: those of the budget, or the least that the solver takes for this many variables."""
    max_charge_seconds: Positive | None = None
    """Refuse a run whose time limits sum up to more seconds than this, before anything is submitted."""

    def unavailable(self) -> str | None:
        """Ask for a token too; no network is asked whether it is good."""
        return super().unavailable() or missing_token(self.name)

    @abc.abstractmethod
    def sampler(self) -> Any:
        """Connect to the named solver, or to the latest one."""

    @abc.abstractmethod
    def model(self, instance: Objective) -> tuple[Any, Bits]:
        """Return what is submitted, and how bits of it become those of the instance."""

    @abc.abstractmethod
    def sizes(self, model: Any) -> Iterator[tuple[str, int, str]]:
        """Yield what is counted, the number, and the property that is its limit."""

    @abc.abstractmethod
    def ask(self, prepared: Connected, limit_s: float) -> tuple[NDArray[np.int8], Mapping[str, Any]]:
        """Submit once, and return bits of the model with the times in microseconds."""

    def least_s(self, prepared: Connected) -> float:
        """Return the least time limit of the service in seconds."""
        return float(prepared.sampler.min_time_limit(prepared.model))

    @property
    def config(self) -> dict[str, Any]:
        """Return what a sampler of the service is made with."""
        return {} if self.hybrid_solver is None else {"solver": {"name": self.hybrid_solver}}

    def prepare(self, instance: Objective) -> Connected:
        """Connect.

        Raises
        ------
        UnavailableError
            If the cloud cannot be reached, does not know the token, or has no such solver online.
        RefusedError
            If it is too large.
        """
        with cloud_errors(self.name, "connecting"):
            sampler = self.sampler()
            properties = sampler.properties
        model, instance_bits = self.model(instance)
        for what, number, key in self.sizes(model):
            if number > properties.get(key, math.inf):
                raise RefusedError(
                    f"{self.name}: the instance has {number} {what}, but the solver takes {properties[key]}; take a "
                    "smaller problem."
                )
        return Connected(sampler, model, instance_bits)

    def sample(self, prepared: Connected, *, seed: int, budget: Budget) -> Iterator[Batch]:
        """Submit once per batch.

        Raises
        ------
        RefusedError
            If the service does not take the time limit, or its sum is above `max_charge_seconds`.
        UnavailableError
            If a submission fails.
        """
        limit_s, number = self._time_limit_s(prepared, budget), self._submissions(prepared, budget)
        what, size, _ = next(self.sizes(prepared.model))
        least_s = self.least_s(prepared)
        most_s = 3600 * prepared.sampler.properties.get("maximum_time_limit_hrs", math.inf)
        if not least_s <= limit_s <= most_s:
            raise RefusedError(
                f"{self.name}: a time limit of {limit_s:g} s came, but for {size} {what} "
                f"the solver takes {least_s:g} to {most_s:g} s; change the budget's seconds, or time_limit_s."
            )
        if self.max_charge_seconds is not None and number * limit_s > self.max_charge_seconds:
            raise RefusedError(
                f"{self.name}: a budget of {budget} is {number} submissions of {limit_s:g} s, more than "
                f"max_charge_seconds={self.max_charge_seconds:g}; nothing was submitted. Take a smaller budget, or "
                "raise it."
            )
        return self._batches(prepared, limit_s, number, budget)

    def qpu_seconds(self, prepared: Connected, budget: Budget) -> float:
        """Return the time limits, of which the QPU takes a part that nobody tells before."""
        return self._submissions(prepared, budget) * self._time_limit_s(prepared, budget)

    def _time_limit_s(self, prepared: Connected, budget: Budget) -> float:
        given = self.time_limit_s or budget.seconds
        return self.least_s(prepared) if given is None else given

    def _submissions(self, prepared: Connected, budget: Budget) -> int:
        """Return the most submissions; there are fewer if one answers several reads."""
        in_time = (
            math.inf if budget.seconds is None else math.ceil(budget.seconds / self._time_limit_s(prepared, budget))
        )
        return int(min(in_time, budget.reads or math.inf))

    def _batches(self, prepared: Connected, limit_s: float, number: int, budget: Budget) -> Iterator[Batch]:
        left = budget.reads
        for _ in range(number):
            with cloud_errors(self.name, "a submission"):
                answer, info = self.ask(prepared, limit_s)
            bits = prepared.instance_bits(answer[:left])
            yield Batch(bits, clocks={name: info[key] / 1e6 for key, name in _CLOCKS.items() if key in info})
            if left is not None and (left := left - len(bits)) <= 0:
                return
