"""Judge a batch: recompute everything that a solver could claim."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.qubo.instance import Instance
from bnnbench.runs.facts import Facts
from bnnbench.solver.contract import Batch

MAX_LEVELS = 32
"""Distinct energies and losses that are counted per batch, from the lowest up."""


@dataclass(frozen=True)
class JudgedBatch:
    """A batch as it is kept. Plain JSON values, so that it can be written to a file as it comes.

    Attributes
    ----------
    time_s
        Sampling time when the batch came, judging excluded.
    num_reads
        Samples in the batch; 0 if it only trains, or betters the read of a batch before.
    energy, loss
        Least energy, and least training loss of decoded weights; not always of the same sample.
    mean_energy, mean_loss
        Means over the batch.
    energy_levels, loss_levels
        The lowest distinct values, each with its number of reads; none in a batch that only trains. Of one that
        betters a read, the values of that read.
    violations
        By kind, of the sample of least energy.
    train_accuracy, test_accuracy
        Of the decoded weights of least loss.
    best_bits, best_weights
        The sample of least energy and the weights of least loss, packed (see `pack_bits`).
    lower_bound
        As claimed by the solver; None if it claimed none, or −∞, which says nothing.
    facts, num_dropped_facts
        What the solver told, as far as there was room for it, and the number of facts and clocks without room.
    evaluations
        As claimed by the solver.
    """

    time_s: float
    num_reads: int
    energy: float
    loss: float
    mean_energy: float
    mean_loss: float
    energy_levels: list[tuple[float, int]]
    loss_levels: list[tuple[float, int]]
    violations: dict[str, int]
    train_accuracy: float | None
    test_accuracy: float | None
    best_bits: str
    best_weights: str
    lower_bound: float | None
    clocks: Mapping[str, float]
    facts: Mapping[str, Any]
    num_dropped_facts: int = 0
    evaluations: int | None = None

    @property
    def is_better_read(self) -> bool:
        """Return whether the batch has no read of its own, but a better answer for the read of a batch before."""
        return self.num_reads == 0 and bool(self.loss_levels)


def judge(instance: Instance, batch: Batch, time_s: float, facts: Facts | None = None) -> JudgedBatch:
    """Recompute energies, decode, count violations.

    Parameters
    ----------
    batch
        As `bnnbench.solver.answer.taken` returns it.
    facts
        Of the run so far; None: this is its first batch.

    """
    bits, is_read = batch.bits, batch.phase == "final"
    weights = instance.decode(bits)
    losses = instance.problem.training_loss(weights)
    energies = _rounded(instance, bits, losses)
    by_energy, by_loss = int(np.argmin(energies)), int(np.argmin(losses))
    best = bits[by_energy]
    learned = weights[by_loss]
    test_accuracy = instance.problem.test_accuracy(learned)
    told = facts or Facts()
    kept, num_facts_dropped = told.kept(batch.facts)
    clocks, num_clocks_dropped = told.times(batch.clocks)
    return JudgedBatch(
        time_s=time_s,
        num_reads=len(bits) if is_read else 0,
        energy=float(energies[by_energy]),
        loss=float(losses[by_loss]),
        mean_energy=float(energies.mean()),
        mean_loss=float(losses.mean()),
        energy_levels=_levels(energies) if is_read else [],
        loss_levels=_levels(losses) if is_read else [],
        violations={kind: int(count[0]) for kind, count in instance.violations(best[None]).items()},
        train_accuracy=float(instance.problem.accuracy(learned)) if instance.problem.num_samples else None,
        test_accuracy=None if test_accuracy is None else float(test_accuracy),
        best_bits=pack_bits(best),
        best_weights=pack_bits(learned > 0),
        lower_bound=_bound(batch.lower_bound, instance),
        clocks=clocks,
        facts=kept,
        num_dropped_facts=num_facts_dropped + num_clocks_dropped,
        evaluations=None if batch.evaluations is None else int(batch.evaluations),
    )


def as_one_read(batch: JudgedBatch, *, is_first: bool) -> JudgedBatch:
    """Return the batch of a run that is one read: the first has it, the later ones better it."""
    return replace(
        batch,
        num_reads=int(is_first),
        mean_energy=batch.energy,
        mean_loss=batch.loss,
        energy_levels=[(batch.energy, 1)],
        loss_levels=[(batch.loss, 1)],
    )


def with_reads(batches: Sequence[JudgedBatch]) -> list[JudgedBatch]:
    """Return the batches that hold the reads of a run; where one read is bettered, the batch of its least energy."""
    answers = [batch for batch in batches if batch.loss_levels]
    if not any(batch.is_better_read for batch in answers):
        return answers
    return [replace(min(answers, key=lambda b: b.energy), num_reads=1)]


NOISE = 2.0**-30
"""Part of a claimed bound, or of 1, by which it misses a multiple of the unit of losses if it is meant to be one."""


def _bound(claimed: float | None, instance: Instance) -> float | None:
    """Return a claimed bound; one that misses a multiple of the unit of losses by rounding is that multiple."""
    if claimed in (None, -math.inf):
        return None
    bound, unit = float(claimed), instance.problem.loss_unit
    multiple = float(np.rint(bound / unit) * unit)
    return multiple if abs(multiple - bound) <= min(NOISE * max(1.0, abs(bound)), unit / 4) else bound


def _rounded(instance: Instance, bits: NDArray[np.int8], losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return energies, with the loss in place of each that differs from it by rounding.

    Losses are exact multiples of a power of two. So is a ground energy, which is a loss, once rounding is taken off,
    and both are compared without a tolerance.
    """
    energies = instance.qubo.energies(bits)
    near = min(instance.qubo.rounding, instance.problem.loss_unit / 4)
    return np.where(np.abs(energies - losses) <= near, losses, energies)


def pack_bits(bits: NDArray[Any]) -> str:
    """Return bits as text: eight to a byte, first bit highest, base64."""
    return base64.b64encode(np.packbits(np.asarray(bits).astype(bool)).tobytes()).decode()


def unpack_bits(text: str, count: int) -> NDArray[np.int8]:
    """Undo `pack_bits`.

    Raises
    ------
    ValueError
        If the text is not what so many bits become.
    """
    packed = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    if len(packed) != -(-count // 8):
        raise ValueError(f"{8 * len(packed)} bits are packed where {count} are needed.")
    return np.unpackbits(packed, count=count).astype(np.int8)


def _levels(values: NDArray[np.float64]) -> list[tuple[float, int]]:
    """Return the lowest distinct values with their counts."""
    levels, counts = np.unique(values, return_counts=True)
    return [(float(v), int(c)) for v, c in zip(levels[:MAX_LEVELS], counts[:MAX_LEVELS], strict=True)]
