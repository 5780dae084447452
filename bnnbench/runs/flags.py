"""Flags of a run: claims of its solver that are false, and budgets that it overran."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bnnbench.runs.judge import JudgedBatch
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Budget


def flags_of(batches: Sequence[JudgedBatch], target: Target, budget: Budget, num_reads: int) -> list[str]:
    """Return what the harness found false, a clause each that follows "the solver …"."""
    flags = []
    lowest = min(b.energy for b in batches)
    bound = max(claimed_bounds(batches), default=None)
    if any(b.lower_bound is not None and math.isnan(b.lower_bound) for b in batches):
        flags.append("claimed a lower bound that is not a number")
    if bound is not None and bound > lowest + target.slack(lowest):
        shown = _apart(bound, lowest)
        flags.append(f"claimed the lower bound {shown[0]} above the energy {shown[1]} of its own sample")
    elif bound is not None and target.energy is not None and target.is_certified and bound > target.energy:
        shown = _apart(bound, target.energy)
        flags.append(f"claimed the lower bound {shown[0]} above the true optimum {shown[1]}")
    if target.loss is not None and target.is_certified:
        least = min(b.loss for b in batches)
        if least < target.loss:
            shown = _apart(least, target.loss)
            flags.append(f"reached the loss {shown[0]} below the certified optimum {shown[1]}: the truth is wrong")
    if target.energy is not None and target.is_certified and lowest < target.energy:
        shown = _apart(lowest, target.energy)
        flags.append(f"reached the energy {shown[0]} below the ground energy {shown[1]}: the truth is wrong")
    strange = {name: value for b in batches for name, value in b.clocks.items() if not is_time(value)}
    flags += [f"claimed the time {name} = {value:g} s" for name, value in strange.items()]
    if num_dropped := sum(b.num_dropped_facts for b in batches):
        flags.append(f"told more facts and clocks than are kept of a run, so that {num_dropped} were dropped")
    if budget.reads is not None and num_reads > budget.reads:
        flags.append(f"answered {num_reads} reads where {budget.reads} were asked")
    if budget.seconds is not None and batches[-1].time_s > budget.latest_s:
        flags.append(
            f"took {batches[-1].time_s:.1f} s of a budget of {budget.seconds:g} s, and what came after "
            f"{budget.latest_s:g} s does not count"
        )
    return flags


def _apart(one: float, other: float) -> tuple[str, str]:
    """Return two different numbers with as many digits as tell them apart, at least six."""
    digits = next(digits for digits in range(6, 18) if f"{one:.{digits}g}" != f"{other:.{digits}g}" or digits == 17)
    return f"{one:.{digits}g}", f"{other:.{digits}g}"


def claimed_bounds(batches: Sequence[JudgedBatch]) -> list[float]:
    """Return the claimed lower bounds that are numbers."""
    return [b.lower_bound for b in batches if b.lower_bound is not None and not math.isnan(b.lower_bound)]


def total_clocks(batches: Sequence[JudgedBatch]) -> dict[str, float]:
    """Return clocks of batches: QPU seconds add up; an embedding is made once and its seconds do not."""
    totals: dict[str, float] = {}
    for batch in batches:
        for name, seconds in batch.clocks.items():
            if not is_time(seconds):
                continue
            before = totals.get(name, 0.0)
            totals[name] = max(before, seconds) if name == "embed_s" else before + seconds
    return totals


def is_time(seconds: float) -> bool:
    """Return whether a number can be a duration."""
    return 0 <= seconds < math.inf
