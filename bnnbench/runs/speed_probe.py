"""The speed probe: a fixed computation, timed now and then, that shows when a machine has become slower."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

EVERY_S = 120.0
"""Seconds between two speed probes of a worker."""
SUSPICIOUS = 1.2
"""A run between probes that took this many times the machine's fastest is marked."""
CLOCK_S = 0.01
"""Times are compared no finer than this; they are noted to a thousandth of a second."""
NEAR_S = 600.0
"""A probe further from a run than this says nothing of it."""
_SIZE, _ROUNDS, _TRIES = 160, 10, 3


@dataclass(frozen=True)
class SpeedProbe:
    """One measurement: when it ended, in seconds since 1970, and how many seconds it took."""

    at: float
    seconds: float


def probe_speed() -> SpeedProbe:
    """Multiply whole matrices, about 40 ms of plain integer arithmetic in one thread and one core's cache.

    The median of ten rounds times ten, the least of three: neither an interruption nor the moment in which all workers
    start is a drift.
    """
    matrix = np.arange(_SIZE * _SIZE, dtype=np.int64).reshape(_SIZE, _SIZE)
    return SpeedProbe(time(), min(_ROUNDS * float(np.median(_rounds(matrix))) for _ in range(_TRIES)))


def _rounds(matrix: NDArray[np.int64]) -> list[float]:
    """Return the seconds of each of ten products."""
    ends = [perf_counter()]
    for _ in range(_ROUNDS):
        matrix @ matrix
        ends.append(perf_counter())
    return np.diff(ends).tolist()


def slowdowns(runs: Iterable[tuple[Any, Any, float, float]], probes: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """Return how many times slower than at its best a machine was around each run; None where no probe is near.

    The slower of the last probe before and the first after, on the same processors, over the machine's fastest.

    Parameters
    ----------
    runs
        Machine, processors, and when the run began and ended, in seconds since 1970.
    probes
        Rows with ``machine``, ``processors``, ``at`` and ``seconds``.
    """
    lanes: dict[tuple[Any, Any], list[tuple[float, float]]] = defaultdict(list)
    for probe in probes:
        lanes[probe["machine"], probe["processors"]].append((probe["at"], probe["seconds"]))
    for lane in lanes.values():
        lane.sort()
    best: dict[Any, float] = {}
    for probe in probes:
        best[probe["machine"]] = min(probe["seconds"], best.get(probe["machine"], probe["seconds"]))
    found = []
    for machine, processors, begun, ended in runs:
        lane = lanes.get((machine, processors), [])
        times = [at for at, _ in lane]
        before, after = bisect_right(times, begun + CLOCK_S), bisect_left(times, ended - CLOCK_S)
        near = [s for at, s in lane[max(0, before - 1) : before] if at >= begun - NEAR_S]
        near += [s for at, s in lane[after : after + 1] if at <= ended + NEAR_S]
        found.append(max(near) / best[machine] if near else None)
    return found
