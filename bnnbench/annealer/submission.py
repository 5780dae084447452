"""Submissions to a QPU of D-Wave: what is asked, what comes back, and the clocks of it."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.annealer.cloud import cloud_errors
from bnnbench.annealer.initial_state import InitialState
from bnnbench.solver.contract import Batch
from bnnbench.solver.dimod import bits_of

if TYPE_CHECKING:
    import dimod

_CLOCKS = ("qpu_access", "qpu_sampling", "qpu_programming", "initial")


@dataclass(frozen=True)
class Submission:
    """One submission and its answer.

    Parameters
    ----------
    bits
        As the QPU answered: 0 or 1, int8 of shape (k, num_physical), in the physical order of the embedding.
    gauge
        int8 of shape (num_physical,): 1 where the sense of a qubit was flipped, so that ``bits ^ gauge`` are the reads.
    timing
        Microseconds, as the QPU named them; ``initial_time`` of the first submission is that of its initial state.
    queue_s
        Seconds between receipt and answer in which the QPU was not accessed; None if that is not known.
    """

    bits: NDArray[np.int8]
    gauge: NDArray[np.int8]
    timing: Mapping[str, float]
    queue_s: float | None = None

    def batch(self, facts: Mapping[str, float | int | str | bool]) -> Batch:
        """Return the reads, turned back, over qubits; clocks in seconds."""
        clocks = {f"{name}_s": self.timing[f"{name}_time"] / 1e6 for name in _CLOCKS if f"{name}_time" in self.timing}
        queue = {} if self.queue_s is None else {"qpu_queue_s": self.queue_s}
        return Batch(self.bits ^ self.gauge, clocks=clocks | queue, facts=facts)


def submit(
    sampler: Any,
    model: dimod.BinaryQuadraticModel,
    qubits: tuple[int, ...],
    reads: Iterable[int],
    given: Mapping[str, Any],
    random: np.random.Generator | None,
    start: InitialState | None = None,
) -> Generator[Submission]:
    """Submit a model over qubits once for each number of reads.

    Parameters
    ----------
    qubits
        The physical order.
    given
        What is asked for besides reads, such as ``annealing_time``.
    random
        Draws a gauge for each submission: the qubits whose sense is flipped. None: none is.
    start
        The state of each anneal at its beginning, turned by the gauge; None: anneals are not in reverse.

    Raises
    ------
    UnavailableError
        If a submission fails.

    References
    ----------
    Gauges: A. D. King and C. C. McGeoch, "Algorithm engineering for a quantum annealing platform", arXiv 1410.2628,
    2014.
    """
    places = {qubit: place for place, qubit in enumerate(qubits)}
    for number, num_reads in enumerate(reads):
        gauge = (
            np.zeros(len(qubits), np.int8) if random is None else random.integers(2, size=len(qubits), dtype=np.int8)
        )
        turned = model.copy()
        for qubit, is_flipped in zip(qubits, gauge, strict=True):
            if is_flipped:
                turned.flip_variable(qubit)
        state = {} if start is None else {"initial_state": start.spins(qubits, gauge)}
        with cloud_errors("dwave", "a submission"):
            answer = sampler.sample(turned, num_reads=num_reads, answer_mode="raw", **given, **state)
            future = getattr(answer, "_future", None)  # knows the times, and is dropped when the answer is there
            timing = {name: float(value) for name, value in answer.info["timing"].items() if _is_time(value)}
        if start is not None and number == 0:
            timing["initial_time"] = 1e6 * start.seconds
        bits = bits_of(answer.relabel_variables(places, inplace=False))
        yield Submission(bits, gauge, timing, _queue_s(future, timing))


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < math.inf


def _queue_s(future: Any, timing: Mapping[str, float]) -> float | None:
    """Return the seconds in the queue: from receipt to answer on the server's clock, less the access to the QPU."""
    received, solved = (getattr(future, name, None) for name in ("time_received", "time_solved"))
    if received is None or solved is None:
        return None
    held_s: float = (solved - received).total_seconds() - timing.get("qpu_access_time", 0.0) / 1e6
    return max(0.0, held_s)
