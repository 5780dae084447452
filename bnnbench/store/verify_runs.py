"""Verification of runs: what does not follow from their batches and samples."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import BnnbenchError
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.runs.cell import asked_key, run_key
from bnnbench.runs.judge import unpack_bits
from bnnbench.store.answers import agree
from bnnbench.store.columns import budget_of
from bnnbench.store.digests import broken_run
from bnnbench.store.rescore import FOLDED, fold_again
from bnnbench.store.stored_run import StoredRun


@dataclass(frozen=True)
class Finding:
    """A claim that does not hold: where (``store``, ``problem``, ``instance``, ``truth``, ``run``), and a sentence."""

    kind: str
    sentence: str


class RunCheck:
    """Checks runs one after the other, and their samples some hundred at a time."""

    def __init__(
        self,
        problems: Mapping[str, Problem],
        instances: Mapping[str, Instance],
        truths: Mapping[str, Truth],
        machines: Container[str],
    ) -> None:
        self._problems, self._instances, self._truths, self._machines = problems, instances, truths, machines
        self._waiting: dict[str, list[_Sampled]] = {}
        self.num_recomputed = 0

    def wrong(self, run: StoredRun) -> Iterator[Finding]:
        """Yield what does not hold of a run, or of others whose samples waited for it."""
        for sentence in broken_run(run):
            yield Finding("store", sentence)
        problem = self._problems.get(run.row["problem_hash"])
        instance = self._instances.get(run.row["instance_hash"])
        yield from _told(run.name, _impossible(run, self._machines))
        yield from _told(run.name, _wrong(run, problem, instance, self._truths.get(run.row["problem_hash"])))
        if run.batches and not _is_late(run) and problem is not None and instance is not None:
            self.num_recomputed += 1
            group = self._waiting.setdefault(run.row["instance_hash"], [])
            group.append(_sampled(run, instance))
            if len(group) >= _most_together(instance):
                yield from _wrong_samples(instance, self._waiting.pop(run.row["instance_hash"]))

    def rest(self) -> Iterator[Finding]:
        """Yield what does not hold of the runs whose samples still wait."""
        for key, group in self._waiting.items():
            yield from _wrong_samples(self._instances[key], group)
        self._waiting.clear()


def _told(name: str, sentences: Iterator[str]) -> Iterator[Finding]:
    """Yield the findings of a run; what cannot be read is one."""
    try:
        for sentence in sentences:
            yield Finding("run", f"{name}: {sentence}")
    except (TypeError, ValueError, OverflowError, KeyError, AttributeError, RecursionError) as error:
        yield Finding("run", f"{name}: a cell cannot be read: {' '.join(str(error).split())}.")


MEASURED = ("compile_s", "prepare_s", "sample_s", "judge_s", "cpu_s", "peak_mib", "load", "load_after")
"""Columns that nothing recomputes, and that are positive or 0."""


def _impossible(run: StoredRun, machines: Container[str]) -> Iterator[str]:
    """Yield what is read only and cannot be."""
    for name in MEASURED:
        value = run.row[name]
        if value is not None and not 0 <= value < math.inf:
            yield f"its {name} is {value:g}, but must be finite and at least 0."
    sampled_s = run.row["sample_s"]
    if sampled_s is not None and run.batches and sampled_s < run.batches[-1]["time_s"]:
        yield f"it sampled for {sampled_s:.6g} s, but its last batch came after {run.batches[-1]['time_s']:.6g} s."
    if run.row["machine"] not in machines:
        yield f"it names the machine {run.row['machine']}, which is not there."


def _wrong(run: StoredRun, problem: Problem | None, instance: Instance | None, truth: Truth | None) -> Iterator[str]:
    """Yield what does not follow from what was asked, and from the batches of a run."""
    if not _is_named(run.row):
        yield "its key is not the hash of what it was run with."
    if problem is None:
        yield "its problem is not there, or damaged."
        return
    if not run.batches:
        return
    if instance is None:
        yield "its instance is not there, or cannot be built again."
        return
    folded = fold_again(run, truth, is_sound=instance.is_sound, num_samples=problem.num_samples)
    yield from _differences(run.row, {name: getattr(folded, name) for name in FOLDED}, "its batches give")
    flags = json.loads(run.row["flags"])
    for flag in folded.flags:
        if flag not in flags:
            yield f"it is not flagged, though it {flag}."


def _is_late(run: StoredRun) -> bool:
    """Return whether nothing of a run came in time, so that there is no sample that counts."""
    with contextlib.suppress(BnnbenchError, ValueError, TypeError):
        return float(run.batches[0]["time_s"]) > budget_of(run.row).latest_s
    return False


TOGETHER, VALUES = 256, 2**23
"""Samples of an instance that are measured at once, as far as so many activations allow; one by one takes thrice as
long."""


def _most_together(instance: Instance) -> int:
    problem = instance.problem
    return max(1, min(TOGETHER, VALUES // (max(1, problem.num_samples) * max(problem.network.widths))))


@dataclass(frozen=True)
class _Sampled:
    """The part of a run still to check: its row with its best sample and weights; None where they are missing."""

    name: str
    row: Mapping[str, Any]
    samples: tuple[NDArray[np.int8], NDArray[np.int8]] | None


def _sampled(run: StoredRun, instance: Instance) -> _Sampled:
    packed = run.packed_samples
    sampled = None
    with contextlib.suppress(KeyError, ValueError, TypeError):
        bits = unpack_bits(packed["energy"], instance.qubo.num_variables)
        sampled = bits, 2 * unpack_bits(packed["loss"], instance.problem.network.num_weights) - 1
    return _Sampled(run.name, run.row, sampled)


def _wrong_samples(instance: Instance, runs: Sequence[_Sampled]) -> Iterator[Finding]:
    """Yield what does not follow from the samples of runs on an instance."""
    for run in runs:
        if run.samples is None:
            yield Finding("run", f"{run.name}: its samples are not there, or not as many bits as they must be.")
    whole = [(run, *run.samples) for run in runs if run.samples is not None]
    if not whole:
        return
    bits, weights = (np.array([one[place] for one in whole]) for place in (1, 2))
    problem = instance.problem
    figures = {
        "energy": instance.qubo.energies(bits),
        "loss": problem.training_loss(weights),
        "train_accuracy": problem.accuracy(weights) if problem.num_samples else None,
        "test_accuracy": problem.test_accuracy(weights),
    }
    counts = instance.violations(bits)
    for number, (run, *_) in enumerate(whole):
        measured = {name: None if values is None else values[number].item() for name, values in figures.items()}
        kinds = {kind: int(count[number]) for kind, count in counts.items()}
        measured |= {"violations_by_kind": kinds, "violations": sum(kinds.values())}
        yield from _told(run.name, _differences(run.row, measured, "its sample has", 2 * instance.qubo.rounding))


def _is_named(row: Mapping[str, Any]) -> bool:
    """Return whether the key of a row is the hash of what was asked."""
    key = ""
    with contextlib.suppress(BnnbenchError, ValueError, TypeError, RecursionError):
        budget = budget_of(row)
        parameters, versions = json.loads(row["parameters"]), json.loads(row["versions"])
        key = run_key(row["instance_hash"], row["solver"], parameters, versions, seed=row["seed"], budget=budget)
    return key == asked_key(row["key"])


def _differences(
    row: Mapping[str, Any], computed: Mapping[str, Any], says: str, rounding: float = 0.0
) -> Iterator[str]:
    """Yield where a row has another figure than was computed; an energy may differ by `rounding`."""
    for name, value in computed.items():
        stored = json.loads(row[name]) if isinstance(value, dict) else row[name]
        if not agree(stored, value, name, rounding if name == "energy" else 0.0):
            yield f"{says} {name} {_shown(value)}, but the row has {_shown(stored)}."


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:.9g}" if isinstance(value, (int, float)) else str(value)
