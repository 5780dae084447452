"""Measuring again: gaps and successes of a row follow from its trace and from the truth, which can become better."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bnnbench.optimum.truth import Truth
from bnnbench.runs.column import columns_of
from bnnbench.runs.judge import JudgedBatch
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Budget

if TYPE_CHECKING:
    from bnnbench.optimum.certificate import Certificate
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
            for row in store.rows("runs", "problem_hash", truth.problem_hash):
                batches = store.rows("batches", "run", row["key"])
                after = measured_again(row, batches, known, best, is_sound=is_sound.get(row["instance_hash"]))
                if after != row:
                    store.put("runs", after)
    return best


def measured_again(
    row: Mapping[str, Any],
    batches: Iterable[Mapping[str, Any]],
    before: Truth | None,
    after: Truth | None,
    *,
    is_sound: bool | None,
) -> dict[str, Any]:
    """A row of a run as it is in the file, measured against another truth than before.

    Parameters
    ----------
    is_sound
        Of its instance; None: that is missing, for `bnnbench verify` to find.
    """
    levels = ("energy_levels", "loss_levels")
    trace = [{**batch, **{name: json.loads(batch[name]) for name in levels}} for batch in batches]
    if not trace or after is None or not _differ(before, after):
        return dict(row)
    sound = row["energy_gap"] is not None if is_sound is None else is_sound
    old, new = (fold_again(row, trace, truth, is_sound=sound) for truth in (before, after))
    flags = [flag for flag in json.loads(row["flags"]) if flag not in old.flags] + new.flags
    return {**row, **{name: getattr(new, name) for name in FOLDED}, "flags": json.dumps(flags)}


def _differ(one: Truth | None, other: Truth) -> bool:
    return one is None or (one.loss, one.kind) != (other.loss, other.kind)


def fold_again(
    row: Mapping[str, Any], batches: Iterable[Mapping[Any, Any]], truth: Truth | None, *, is_sound: bool
) -> Outcome:
    """The outcome that follows from the trace of a run, as records, and a truth; of its columns, `FOLDED` do."""
    target = Target(truth.loss if truth else None, truth.kind if truth else None, is_sound)
    return fold([_batch(batch) for batch in batches], target, _budget(row), status="ok")


def _budget(row: Mapping[str, Any]) -> Budget:
    reads = row["budget_reads"]
    return Budget(seconds=row["budget_seconds"], reads=None if reads is None else int(reads))


def _batch(row: Mapping[Any, Any]) -> JudgedBatch:
    """A batch of the trace; what is kept of a run as a whole is left blank."""
    bound = row["lower_bound"]
    return JudgedBatch(
        time_s=row["time_s"],
        num_reads=int(row["num_reads"]),
        energy=row["energy"],
        loss=row["loss"],
        mean_energy=row["mean_energy"],
        mean_loss=row["mean_loss"],
        energy_levels=row["energy_levels"],
        loss_levels=row["loss_levels"],
        violations={},
        train_accuracy=0.0,
        test_accuracy=None,
        best_bits="",
        best_weights="",
        lower_bound=None if bound is None or math.isnan(bound) else bound,
        clocks={},
        facts={},
    )
