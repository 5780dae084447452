"""Time of access to a QPU, by its own timing model, before anything is submitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bnnbench.errors import InputError, RefusedError, restated
from bnnbench.solver.contract import Budget


@dataclass(frozen=True)
class AccessTime:
    """Estimated access of one submission: ``fixed_s + num_reads · read_s``, in seconds."""

    fixed_s: float
    read_s: float

    def of(self, num_reads: int) -> float:
        """Return the seconds of one submission."""
        return self.fixed_s + num_reads * self.read_s

    def of_run(self, budget: Budget, reads_per_call: int) -> float:
        """Return the seconds of a run whose submissions follow each other.

        None of them holds the QPU longer than its wall time, and the last one may begin just before the budget's
        seconds are over: with seconds, the estimate is at most these and one submission.
        """
        total = math.inf
        if budget.reads is not None:
            full, rest = divmod(budget.reads, reads_per_call)
            total = full * self.of(reads_per_call) + (self.of(rest) if rest else 0.0)
        if budget.seconds is None:
            return total
        return min(total, budget.seconds + self.of(min(reads_per_call, budget.reads or reads_per_call)))


def access_time(sampler: Any, num_qubits: int, given: dict[str, Any]) -> AccessTime:
    """Estimate by the timing model of the QPU that a `DWaveSampler` is connected to.

    Parameters
    ----------
    given
        What a submission asks for besides reads, such as ``annealing_time``.

    Raises
    ------
    InputError
        If the QPU tells no timing model that dwave-cloud-client knows.
    """
    given = {name: value for name, value in given.items() if name != "fast_anneal"}  # no time of its own
    if "reinitialize_state" in given:
        given["initial_state"] = [(0, 1)]  # the model asks whether there is one
    with restated(
        InputError, "the QPU access cannot be estimated (", ")", AttributeError, KeyError, TypeError, ValueError
    ):
        one, two = (sampler.solver.estimate_qpu_access_time(num_qubits, num_reads=n, **given) / 1e6 for n in (1, 2))
    return AccessTime(2 * one - two, two - one)  # the model is linear in the reads


def reads_within_limits(sampler: Any, num_qubits: int, wanted: int, given: dict[str, Any]) -> int:
    """Return the reads of one submission: as many as wanted, or as many as the QPU takes at once.

    Its property ``num_reads_range`` limits the reads, ``problem_run_duration_range`` the microseconds. The latter are
    estimated by the timing model, which is above the documented formula (programming thermalization and the anneals);
    that formula alone serves where there is no model.

    Raises
    ------
    RefusedError
        If not even one read fits.
    """
    properties = sampler.properties
    most: int = min(wanted, properties.get("num_reads_range", (1, wanted))[1])
    limit_us = properties.get("problem_run_duration_range", (0, math.inf))[1]
    try:
        time = access_time(sampler, num_qubits, given)
    except InputError:
        anneal_us = given["anneal_schedule"][-1][0] if "anneal_schedule" in given else given.get("annealing_time")
        time = AccessTime(
            properties.get("default_programming_thermalization", 0.0) / 1e6,
            (anneal_us or properties.get("default_annealing_time", 0.0)) / 1e6
            + properties.get("default_readout_thermalization", 0.0) / 1e6,
        )
    if time.of(most) * 1e6 > limit_us:
        most = math.floor((limit_us / 1e6 - time.fixed_s) / time.read_s) if time.read_s else 0
    if most < 1:
        raise RefusedError(
            f"one read takes about {time.of(1):.3g} s of QPU access, and the QPU takes no submission of more than "
            f"{limit_us / 1e6:g} s; anneal for a shorter time."
        )
    return most
