"""Anneal schedules: when which fraction of the anneal is reached, as a QPU of D-Wave takes them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from bnnbench.errors import RefusedError, restated

_Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Fraction = Annotated[float, Field(ge=0, le=1)]
Points = tuple[tuple[_Time, _Fraction], ...]


def _check(points: Points | None, others: ValidationInfo) -> Points | None:
    """Raise `ValueError` for what no QPU takes; see D-Wave's documentation of the parameter ``anneal_schedule``."""
    if points is None:
        return None
    if others.data.get("annealing_time_us") is not None:
        raise ValueError("give annealing_time_us or anneal_schedule, not both")
    if len(points) < 2 or points[0][0] or points[0][1] not in (0, 1) or points[-1][1] != 1:
        raise ValueError(
            "it must go from [0, 0] to [t, 1], t the microseconds of an anneal, or from [0, 1] to [t, 1], in reverse"
        )
    if not all(t < later_t for (t, _), (later_t, _) in pairwise(points)):
        raise ValueError("times must increase")
    if is_reverse(points):
        if all(s == 1 for _, s in points):
            raise ValueError("a reverse anneal must go below the fraction 1")
    elif not all(s <= later_s for (_, s), (_, later_s) in pairwise(points)):
        raise ValueError("fractions must not decrease, but in reverse anneals")
    return points


def is_reverse(points: Points | None) -> bool:
    """Return whether a schedule starts at the fraction 1, which needs an initial state."""
    return points is not None and points[0][1] == 1


AnnealSchedule = Annotated[Points | None, AfterValidator(_check)]
"""Points (t, s), joined by lines: at t microseconds the anneal has done the fraction s."""


def check_schedule(sampler: Any, points: Points) -> None:
    """Ask a `DWaveSampler` whether its QPU takes a schedule: number of points, duration and slopes.

    Raises
    ------
    RefusedError
        If it does not.
    """
    schedule = [list(point) for point in points]
    wrong = f"dwave: the QPU does not take the anneal_schedule {schedule}: "
    with restated(RefusedError, wrong, "; change it.", RuntimeError, TypeError, ValueError):
        sampler.validate_anneal_schedule(schedule)


def check_fast_anneal(sampler: Any, annealing_time_us: float | None) -> None:
    """Refuse a fast anneal of a duration that the QPU does not take, where it tells the range.

    Raises
    ------
    RefusedError
        If the duration is out of the property ``fast_anneal_time_range``, in microseconds.
    """
    low, high = sampler.properties.get("fast_anneal_time_range") or (0.0, math.inf)
    if annealing_time_us is None or not low <= annealing_time_us <= high:
        raise RefusedError(
            f"dwave: the QPU anneals fast for {low:g} to {high:g} microseconds, but annealing_time_us is "
            f"{annealing_time_us}; give a time within."
        )
