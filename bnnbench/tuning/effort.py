"""Effort: what a setting needs to solve a problem, from its runs, as one number that a search makes small."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bnnbench.errors import InputError

Objective = Literal["ert", "tts"]
Clock = Literal["seconds", "evaluations"]
LEAST_TIME = 1e-9
"""Times below are those of no clock; a geometric mean knows no 0."""
FAILED_GAP = 1000.0
"""More than runs that end are above the optimum: to fail is worse, and yet a number to compare others with."""


@dataclass(frozen=True)
class Effort:
    """A run, as far as tuning asks: how it ended, what it took, and how near it came.

    Parameters
    ----------
    spent, to_target
        Of the run, and until it first reached the optimum (None: never), in the unit of the clock.
    gap
        Least loss above the optimum; infinite for a run that failed.
    reads, successes
        Reads, and those that reached the optimum.
    cost_s
        Seconds that the run took, compiling and judging included.
    """

    status: str
    spent: float
    to_target: float | None
    gap: float
    reads: int
    successes: int
    cost_s: float

    @property
    def is_asked(self) -> bool:
        """Return whether the question was put to the solver."""
        return self.status not in ("refused", "unavailable")


def effort_of(row: Mapping[str, Any], clock: Clock, limit: float | None) -> Effort:
    """Return the effort of a run, from its row or from the fields of its outcome.

    Parameters
    ----------
    limit
        Seconds that a run which failed is taken to have spent, if that is not known; None: infinitely many.

    Raises
    ------
    InputError
        If the solver does not count what the clock does.
    """
    total, to_target = {
        "seconds": ("sample_s", "time_to_target_s"),
        "evaluations": ("evaluations", "evaluations_to_target"),
    }[clock]
    has_ended = row["status"] == "ok"
    if has_ended and row[total] is None:
        raise InputError(f'{row.get("solver", "the solver")} counts no {clock}; write clock = "seconds" in [tune].')
    gap = row["loss_gap"] if has_ended and row["loss_gap"] is not None else math.inf
    spent = row[total] if row[total] is not None else limit if clock == "seconds" else None
    times = [row[name] or 0.0 for name in ("compile_s", "prepare_s", "sample_s", "judge_s")]
    return Effort(
        status=row["status"],
        spent=math.inf if spent is None else float(spent),
        to_target=row[to_target] if has_ended and gap <= 0 else None,
        gap=float(gap),
        reads=int(row["num_reads"] or 0),
        successes=int(row["loss_successes"] or 0) if has_ended else 0,
        cost_s=float(sum(times)),
    )


def problem_score(runs: Sequence[Effort], objective: Objective, least: float = 0.0) -> float:
    """Return the ERT or the TTS_99 of a setting on one problem, finite also without a success.

    See `spent_per_success`. Without a success the score is multiplied by 1 + the least gap, so that a search sees a
    slope where nothing is solved yet; a run that failed counts as a gap of `FAILED_GAP`. A run that was refused makes
    the score infinite.

    Parameters
    ----------
    least
        Of the score before that factor without a success, so that short runs that fail gain nothing by being short.
    """
    if not all(run.is_asked for run in runs):
        return math.inf
    spent, num_successes = spent_per_success(runs, objective)
    if num_successes:
        return spent
    return max(spent, least) * (1 + min(FAILED_GAP, *(run.gap for run in runs)))


def spent_per_success(runs: Sequence[Effort], objective: Objective) -> tuple[float, int]:
    """Return the ERT or the TTS_99 of runs on one problem, and the number of successes; without any, half a one counts.

    ``ERT = Σ_r T_r / k`` with k runs that reached the optimum, and ``TTS_99 = t_read·max(1, ln 0.01 / ln(1 − k/n))``
    with k of n reads.
    """
    if objective == "tts":
        num_reads = max(1, sum(run.reads for run in runs))
        num_successes = sum(run.successes for run in runs)
        share = min(max(num_successes, 0.5) / num_reads, 1.0)
        tries = max(1.0, math.log(0.01) / math.log1p(-share)) if share < 1 else 1.0
        spent = sum(run.spent for run in runs) / num_reads * tries
    else:
        num_successes = sum(run.to_target is not None for run in runs)
        spent = sum(run.spent if run.to_target is None else run.to_target for run in runs) / max(num_successes, 0.5)
    return max(spent, LEAST_TIME), num_successes


def score(scores: Collection[float]) -> float:
    """Return the geometric mean of a setting's scores over problems, in which each problem weighs alike."""
    return math.exp(sum(map(math.log, scores)) / len(scores)) if all(map(math.isfinite, scores)) else math.inf
