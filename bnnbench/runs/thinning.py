"""Thinning: a trace of a great many batches becomes one of some hundreds that says the same at every moment."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bnnbench.runs.flags import claimed_bounds, total_clocks
from bnnbench.runs.judge import MAX_LEVELS, JudgedBatch

MAX_BATCHES = 1000
"""Traces of up to so many batches are kept as they are."""
MAX_CLAIMS = 10_000
"""Batches with a bound or a clock, and others that stand apart, up to which each of them stands alone."""
STEP = 1.01
"""Batches whose times differ by this factor at most are united."""


def thinned(batches: Sequence[JudgedBatch]) -> list[JudgedBatch]:
    """Return the batches, or fewer with the same reads, best samples, levels and bounds, in longer steps of time.

    What was better than all before keeps its own time, and what came with a bound or a clock stands alone, unless that
    is more than `MAX_CLAIMS`; the batches between are united as far as their times differ by 1 % at most. What is
    folded from them stays the same, up to rounding of means; of many bounds, a false one hides others of its step.
    """
    if len(batches) <= MAX_BATCHES:
        return list(batches)
    groups = _groups(batches, are_claims_alone=True)
    if len(groups) > MAX_CLAIMS:
        groups = _groups(batches, are_claims_alone=False)
    return [_united(group) if len(group) > 1 else group[0] for group in groups]


def _groups(batches: Sequence[JudgedBatch], *, are_claims_alone: bool) -> list[list[JudgedBatch]]:
    """Return the batches that become one, in order."""
    kept: list[list[JudgedBatch]] = []
    energy = loss = float("inf")
    is_open = False
    for batch in batches:
        is_better = batch.energy < energy or batch.loss < loss
        energy, loss = min(energy, batch.energy), min(loss, batch.loss)
        is_claim = batch.lower_bound is not None or bool(batch.clocks)
        is_plain = not is_better and not (is_claim and are_claims_alone)
        if is_plain and is_open and batch.time_s <= STEP * kept[-1][0].time_s:
            kept[-1].append(batch)
        else:
            kept.append([batch])
        is_open = is_plain
    return kept


def _united(group: Sequence[JudgedBatch]) -> JudgedBatch:
    """Return one batch that came when the last of them did."""
    best, learned = min(group, key=lambda b: b.energy), min(group, key=lambda b: b.loss)
    num_reads = sum(b.num_reads for b in group)
    return replace(
        best,
        time_s=group[-1].time_s,
        num_reads=num_reads,
        lower_bound=max(claimed_bounds(group), default=None),
        clocks=total_clocks(group),
        loss=learned.loss,
        mean_energy=_mean([b.mean_energy for b in group], [b.num_reads for b in group]),
        mean_loss=_mean([b.mean_loss for b in group], [b.num_reads for b in group]),
        energy_levels=_lowest([b.energy_levels for b in group]),
        loss_levels=_lowest([b.loss_levels for b in group]),
        train_accuracy=learned.train_accuracy,
        test_accuracy=learned.test_accuracy,
        best_weights=learned.best_weights,
        facts={key: value for b in group for key, value in b.facts.items()},  # of facts, the last counts
        num_dropped_facts=sum(b.num_dropped_facts for b in group),
        evaluations=sum(counts) if (counts := [b.evaluations for b in group if b.evaluations is not None]) else None,
    )


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    """Return the weighted mean; of batches that only train, the plain one."""
    weights = weights if any(weights) else [1] * len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _lowest(levels: Sequence[Sequence[tuple[float, int]]]) -> list[tuple[float, int]]:
    """Return the lowest distinct values of all with their counts; exact, as each has its own lowest."""
    counts: Counter[float] = Counter()
    for batch in levels:
        for value, count in batch:
            counts[value] += count
    return heapq.nsmallest(MAX_LEVELS, counts.items())
