"""The outcome of a run: what became of it, folded from its judged batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bnnbench.optimum.truth import TruthKind
from bnnbench.qubo.qubo import TOLERANCE
from bnnbench.runs.judge import JudgedBatch
from bnnbench.solver.contract import Budget

Status = Literal["ok", "timeout", "memory", "crash", "error", "refused", "unavailable"]


@dataclass(frozen=True)
class Target:
    """What a run is measured against: the optimal loss, how it is known, and whether the formulation is sound."""

    loss: float | None
    kind: TruthKind | None
    is_sound: bool

    @property
    def energy(self) -> float | None:
        """Ground energy; None where the formulation is not sound or nothing is known."""
        return self.loss if self.is_sound else None


@dataclass(frozen=True)
class Outcome:
    """One run, as a row. Energies and losses in units of loss, times in seconds.

    Attributes
    ----------
    energy_gap
        Least energy − ground energy. None if the formulation is not sound: its ground energy is not the optimal loss.
    loss_gap
        Least training loss of decoded weights − optimal loss.
    violations
        Violated penalties of the sample of least energy, by kind and in total.
    proved
        Whether a lower bound that withstood the check meets the least energy.
    sample_s
        Sampling time, from the request for the first batch to the last batch, judging excluded.
    cpu_s
        Processor time of the process, all its threads, while it sampled; processes that it started are not in it.
    peak_mib
        Peak of the worker's resident memory in the run, in MiB, libraries included; None outside a campaign.
    time_to_best_s
        Sampling time until the least energy was first seen.
    time_to_target_s
        Sampling time until the optimal loss was first reached by decoded weights; None if never.
    flags
        Claims of the solver that the harness found false, and budgets that it overran.
    """

    status: Status
    message: str = ""
    num_reads: int = 0
    energy: float | None = None
    loss: float | None = None
    energy_gap: float | None = None
    loss_gap: float | None = None
    mean_loss: float | None = None
    energy_successes: int | None = None
    loss_successes: int | None = None
    violations: int | None = None
    violations_by_kind: dict[str, int] = field(default_factory=dict)
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    lower_bound: float | None = None
    proved: bool = False
    compile_s: float | None = None
    prepare_s: float | None = None
    sample_s: float | None = None
    judge_s: float | None = None
    cpu_s: float | None = None
    peak_mib: float | None = None
    time_to_best_s: float | None = None
    time_to_target_s: float | None = None
    flags: list[str] = field(default_factory=list)
    clocks: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    best_bits: str = field(default="", repr=False)
    best_weights: str = field(default="", repr=False)
    batches: Sequence[JudgedBatch] = field(default=(), repr=False, compare=False)


def fold(
    batches: Sequence[JudgedBatch], target: Target, budget: Budget, *, status: Status, message: str = "", **timings: Any
) -> Outcome:
    """Fold the judged batches of a run into its outcome; `timings` are fields of `Outcome` that end in ``_s``.

    A run that gave samples was asked: what then makes it refused or unavailable is an error.
    """
    if not batches:
        return Outcome(status, message, **timings)
    status = "error" if status in ("refused", "unavailable") else status
    best, learned = min(batches, key=lambda b: b.energy), min(batches, key=lambda b: b.loss)
    num_reads = sum(b.num_reads for b in batches)
    bounds = _bounds(batches)
    # What any sample shows to be false was never a bound.
    ceiling = best.energy if target.energy is None else min(best.energy, target.energy)
    valid = [bound for bound in bounds if bound <= ceiling + TOLERANCE]
    lower_bound = max(valid, default=None)
    return Outcome(
        status=status,
        message=message,
        num_reads=num_reads,
        energy=best.energy,
        loss=learned.loss,
        energy_gap=None if target.energy is None else best.energy - target.energy,
        loss_gap=None if target.loss is None else learned.loss - target.loss,
        mean_loss=sum(b.mean_loss * b.num_reads for b in batches) / num_reads,
        energy_successes=_successes([b.energy_levels for b in batches], target.energy),
        loss_successes=_successes([b.loss_levels for b in batches], target.loss),
        violations=sum(best.violations.values()),
        violations_by_kind=best.violations,
        train_accuracy=learned.train_accuracy,
        test_accuracy=learned.test_accuracy,
        lower_bound=lower_bound,
        proved=lower_bound is not None and lower_bound >= best.energy - TOLERANCE,
        time_to_best_s=best.time_s,
        time_to_target_s=_first(batches, target.loss),
        flags=_flags(batches, target, budget, num_reads),
        clocks=_total_clocks(batches),
        facts={key: value for b in batches for key, value in b.facts.items()},
        best_bits=best.best_bits,
        best_weights=learned.best_weights,
        batches=tuple(batches),
        **{"sample_s": batches[-1].time_s, **timings},
    )


def _successes(levels: Sequence[Sequence[tuple[float, int]]], goal: float | None) -> int | None:
    if goal is None:
        return None
    return sum(count for batch in levels for value, count in batch if value <= goal + TOLERANCE)


def _first(batches: Sequence[JudgedBatch], goal: float | None) -> float | None:
    if goal is None:
        return None
    return next((b.time_s for b in batches if b.loss <= goal + TOLERANCE), None)


def _total_clocks(batches: Sequence[JudgedBatch]) -> dict[str, float]:
    """QPU seconds add up over batches; an embedding is made once, so that its seconds do not."""
    totals: dict[str, float] = {}
    for batch in batches:
        for name, seconds in batch.clocks.items():
            if not _is_time(seconds):
                continue
            before = totals.get(name, 0.0)
            totals[name] = max(before, seconds) if name == "embed_s" else before + seconds
    return totals


def _is_time(seconds: float) -> bool:
    return 0 <= seconds < math.inf


def _bounds(batches: Sequence[JudgedBatch]) -> list[float]:
    """Claimed lower bounds that are numbers."""
    return [b.lower_bound for b in batches if b.lower_bound is not None and not math.isnan(b.lower_bound)]


def _flags(batches: Sequence[JudgedBatch], target: Target, budget: Budget, num_reads: int) -> list[str]:
    flags = []
    lowest = min(b.energy for b in batches)
    bound = max(_bounds(batches), default=None)
    if any(b.lower_bound is not None and math.isnan(b.lower_bound) for b in batches):
        flags.append("claimed a lower bound that is not a number")
    if bound is not None and bound > lowest + TOLERANCE:
        flags.append(f"claimed the lower bound {bound:g} above the energy {lowest:g} of its own sample")
    elif (
        bound is not None
        and target.energy is not None
        and target.kind != "best_known"
        and bound > target.energy + TOLERANCE
    ):
        flags.append(f"claimed the lower bound {bound:g} above the true optimum {target.energy:g}")
    if target.loss is not None and target.kind != "best_known":
        least = min(b.loss for b in batches)
        if least < target.loss - TOLERANCE:
            flags.append(f"reached the loss {least:g} below the certified optimum {target.loss:g}: the truth is wrong")
    if target.energy is not None and target.kind != "best_known" and lowest < target.energy - TOLERANCE:
        flags.append(f"reached the energy {lowest:g} below the ground energy {target.energy:g}: the truth is wrong")
    strange = {name: value for b in batches for name, value in b.clocks.items() if not _is_time(value)}
    flags += [f"claimed the time {name} = {value:g} s" for name, value in strange.items()]
    if budget.reads is not None and num_reads > budget.reads:
        flags.append(f"answered {num_reads} reads where {budget.reads} were asked")
    if budget.seconds is not None and batches[-1].time_s > 2 * budget.seconds + 1:
        flags.append(f"took {batches[-1].time_s:.1f} s of a budget of {budget.seconds:g} s")
    return flags
