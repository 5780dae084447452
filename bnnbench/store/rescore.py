"""Measuring again: gaps and successes of a row follow from its trace and from the truth, which can become better."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bnnbench.optimum.certificate import Certificate
from bnnbench.optimum.truth import Truth, TruthKind
from bnnbench.problem.problem import Problem
from bnnbench.runs.column import columns_of
from bnnbench.runs.judge import JudgedBatch, unpack_bits
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import target_of
from bnnbench.store.columns import budget_of
from bnnbench.store.schema import BATCH, LEVELS
from bnnbench.store.stored_run import StoredRun

if TYPE_CHECKING:
    from bnnbench.store.store import Store

FOLDED = tuple(
    column.name
    for column in columns_of(Outcome)
    if column.follows_from == "batches" or (column.follows_from == "samples" and column.unit == "loss")
)
"""Columns that follow from the batches and the truth."""


def note_truth(store: Store, truth: Truth, certificate: Certificate | None, known: Truth | None) -> Truth:
    """Note a truth unless the store knows a better one, and measure its runs of the problem against the better.

    Parameters
    ----------
    known
        What the store has of the problem.

    Returns
    -------
    Truth
        The better one.
    """
    best = known if known is not None and known.rank > truth.rank else truth
    with store.transaction():
        store.add_truth(truth, certificate)
        if _differ(known, best):
            is_sound = {row["hash"]: bool(row["is_sound"]) for row in store.instances()}
            num_samples = store.num_samples().get(truth.problem_hash, 0)
            for run in store.runs_of(truth.problem_hash):
                sound = is_sound.get(run.row["instance_hash"])
                after = measured_again(run, known, best, is_sound=sound, num_samples=num_samples)
                if after.row != run.row:
                    store.put_run(after)
    return best


def note_found(store: Store, problem: Problem, outcome: Outcome, known: Truth | None) -> Truth | None:
    """Note the weights that a run found if no better ones are known, and measure the runs of the problem against them.

    A loss of 0 is an optimum, whatever the size of the problem; a lower loss than the least that was known is a better
    reference than none. What is certified stays.

    Returns
    -------
    Truth or None
        The better of the two; None if nothing is known.
    """
    loss = outcome.loss
    if loss is None or (known is not None and (known.is_certified or known.loss <= loss)):
        return known
    weights = 2 * unpack_bits(outcome.best_weights, problem.network.num_weights) - 1
    kind: TruthKind = "attained" if loss == 0 and problem.num_samples else "best_known"
    found = Truth(problem.hash, loss, kind, "the best weights of all runs", weights[None], lower_bound=0.0)
    return note_truth(store, found, None, known)


def measured_again(
    run: StoredRun, before: Truth | None, after: Truth | None, *, is_sound: bool | None, num_samples: int
) -> StoredRun:
    """Return a run measured against another truth than before.

    Parameters
    ----------
    is_sound
        Of its instance; None: that is missing, for `bnnbench verify` to find.
    num_samples
        Training samples of its problem.
    """
    if not run.batches or after is None or not _differ(before, after):
        return run
    sound = run.row["energy_gap"] is not None if is_sound is None else is_sound
    old, new = (fold_again(run, truth, is_sound=sound, num_samples=num_samples) for truth in (before, after))
    flags = [flag for flag in json.loads(run.row["flags"]) if flag not in old.flags] + new.flags
    folded = {name: getattr(new, name) for name in FOLDED}
    return replace(run, row={**run.row, **folded, "flags": json.dumps(flags)})


def _differ(one: Truth | None, other: Truth) -> bool:
    return one is None or (one.loss, one.kind) != (other.loss, other.kind)


def fold_again(run: StoredRun, truth: Truth | None, *, is_sound: bool, num_samples: int) -> Outcome:
    """Return the outcome that follows from the trace of a run and a truth; of its columns, `FOLDED` do."""
    target = target_of(truth, num_samples, is_sound=is_sound)
    budget = budget_of(run.row)
    return fold([judged_batch(batch) for batch in run.batches], target, budget, status="ok")


def judged_batch(row: Mapping[str, Any]) -> JudgedBatch:
    """Return a batch of the trace; what is kept of a run as a whole is left blank."""
    kept: dict[str, Any] = dict.fromkeys(("train_accuracy", "test_accuracy"))
    kept |= {name: row[name] for name in BATCH} | {name: json.loads(row[name]) for name in LEVELS}
    return JudgedBatch(**kept, violations={}, clocks={}, facts={}, best_bits="", best_weights="")
