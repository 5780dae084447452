"""Verification: recompute what a store says from its packed samples and the instances built again.

Nothing of the run's own judgment is used: problems are rebuilt from their data, instances compiled anew, samples
unpacked, and each figure is compared with the row. Times and loads cannot be computed again; the digest of each row
shows whether they were changed since they were written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from bnnbench.errors import BnnbenchError, StoreError
from bnnbench.optimum.certificate import Certificate, signs
from bnnbench.optimum.certificate import verify as verify_certificate
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.runs.cell import asked_key, run_key
from bnnbench.runs.features import features_of
from bnnbench.runs.judge import unpack_bits
from bnnbench.solver.contract import Budget
from bnnbench.store.answers import agree
from bnnbench.store.digests import broken_run
from bnnbench.store.rescore import FOLDED, fold_again
from bnnbench.store.store import Store
from bnnbench.store.stored_run import StoredRun


@dataclass(frozen=True)
class Finding:
    """What does not hold: where (``store``, ``problem``, ``instance``, ``truth``, ``run``), and a sentence."""

    kind: str
    sentence: str


def verify(
    store: Store, *, check_seconds: float = 0.0, progress: Callable[[int, int], None] | None = None
) -> Iterator[Finding]:
    """Find what in a store does not hold.

    Energies and losses agree if they differ by at most `bnnbench.qubo.qubo.TOLERANCE`.

    Parameters
    ----------
    check_seconds
        Seconds per problem that CP-SAT has to refute an optimum that is too large to enumerate; 0: it is not asked.
    progress
        Called with the number of runs that were checked, and of all.
    """
    try:
        with store.transaction():  # one moment of a store that is being written
            yield from _findings(store, check_seconds, progress or _keep_silent)
    except StoreError as error:  # what cannot be read leaves nothing to go on with
        yield Finding("store", str(error))


def _keep_silent(done: int, total: int) -> None:
    """Report to nobody."""


def _findings(store: Store, check_seconds: float, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    for sentence in store.unsealed():
        yield Finding("store", sentence)
    problems = yield from _problems(store)
    instances = yield from _instances(store, problems)
    truths = store.truths()
    yield from _truths(store, truths, problems, check_seconds)
    total = len(store.run_keys())
    samples: dict[str, list[_Sampled]] = {}
    for done, run in enumerate(store.stored_runs()):
        progress(done, total)
        for sentence in broken_run(run):
            yield Finding("store", sentence)
        problem = problems.get(run.row["problem_hash"])
        instance = instances.get(run.row["instance_hash"])
        yield from _told(run.name, _wrong(run, problem, instance, truths.get(run.row["problem_hash"])))
        if run.batches and problem is not None and instance is not None:
            group = samples.setdefault(instance.hash, [])
            group.append(_sampled(run, instance))
            if len(group) >= _most_together(instance):
                yield from _wrong_samples(instance, samples.pop(instance.hash))
    for key, group in samples.items():
        yield from _wrong_samples(instances[key], group)
    progress(total, total)


def _told(name: str, sentences: Iterator[str]) -> Iterator[Finding]:
    """Yield the findings of a run; what cannot be read is one."""
    try:
        for sentence in sentences:
            yield Finding("run", f"{name}: {sentence}")
    except (TypeError, ValueError, OverflowError, KeyError, AttributeError) as error:
        yield Finding("run", f"{name}: a cell cannot be read: {' '.join(str(error).split())}.")


def _problems(store: Store) -> Generator[Finding, None, dict[str, Problem]]:
    """Problems by hash, built again from their data."""
    problems: dict[str, Problem] = {}
    for row in store.problems():
        try:
            problem = store.problem(row["hash"])
        except BnnbenchError as error:
            yield Finding("problem", str(error))
            continue
        problems[problem.hash] = problem
        told = (str(problem.network), problem.loss, problem.num_samples)
        if told != (row["network"], row["loss_name"], row["num_samples"]):
            yield Finding("problem", f"{problem.name}: the row tells another network, loss or size than the data have.")
    return problems


def _instances(store: Store, problems: dict[str, Problem]) -> Generator[Finding, None, dict[str, Instance]]:
    """Instances by hash, compiled anew."""
    instances: dict[str, Instance] = {}
    for row in store.instances():
        problem = problems.get(row["problem_hash"])
        if problem is None:
            yield Finding("instance", f"{row['hash']} is one of a problem that is not there, or damaged.")
            continue
        try:
            instance = compile_problem(problem, formulation(row["formulation"]))
        except BnnbenchError as error:
            yield Finding("instance", f"{problem.name} as {row['formulation']} cannot be built again: {error}")
            continue
        wrong = [name for name, value in asdict(features_of(instance)).items() if row.get(name) != value]
        if wrong:
            yield Finding("instance", f"{instance} was built again and differs in {', '.join(wrong)}.")
        instances[row["hash"]] = instance
    return instances


def _truths(
    store: Store, truths: dict[str, Truth], problems: dict[str, Problem], check_seconds: float
) -> Iterator[Finding]:
    certificates = store.certificates()
    for key, truth in truths.items():
        problem = problems.get(key)
        if problem is None:
            continue  # truths of problems that were only planned
        best = truth.optima[0]
        if best.shape != (problem.network.num_weights,) or float(problem.training_loss(best)) != truth.loss:
            yield Finding("truth", f"{problem.name}: its weights do not have the optimal loss {truth.loss:g}.")
            continue
        if key not in certificates:
            continue
        try:
            certificate = TypeAdapter(Certificate).validate_python(certificates[key])
            checked = verify_certificate(problem, certificate, limit_s=check_seconds)
        except (BnnbenchError, ValueError) as error:
            yield Finding("truth", f"{problem.name}: its certificate cannot be used: {' '.join(str(error).split())}")
            continue
        if (certificate.loss, certificate.kind, certificate.weights) != (truth.loss, truth.kind, signs(best)):
            yield Finding("truth", f"{problem.name}: its certificate is about another optimum.")
        for check in checked.failed:
            yield Finding("truth", f"{problem.name}: {check.name}: {check.detail}.")


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
    folded = fold_again(run, truth, is_sound=instance.is_sound)
    yield from _differences(run.row, {name: getattr(folded, name) for name in FOLDED}, "its batches give")
    flags = json.loads(run.row["flags"])
    for flag in folded.flags:
        if flag not in flags:
            yield f"it is not flagged, though it {flag}."


TOGETHER, VALUES = 256, 2**23
"""Samples of an instance that are measured at once, as far as so many activations allow; one by one takes thrice as
long."""


def _most_together(instance: Instance) -> int:
    problem = instance.problem
    return max(1, min(TOGETHER, VALUES // (problem.num_samples * max(problem.network.widths))))


@dataclass(frozen=True)
class _Sampled:
    """What is left to check of a run: its row with its best sample and best weights; None: they are not there."""

    name: str
    row: Mapping[str, Any]
    samples: tuple[NDArray[np.int8], NDArray[np.int8]] | None


def _sampled(run: StoredRun, instance: Instance) -> _Sampled:
    packed = run.packed_samples
    try:
        bits = unpack_bits(packed["energy"], instance.qubo.num_variables)
        weights = 2 * unpack_bits(packed["loss"], instance.problem.network.num_weights) - 1
    except (KeyError, ValueError, TypeError):
        return _Sampled(run.name, run.row, None)
    return _Sampled(run.name, run.row, (bits, weights))


def _wrong_samples(instance: Instance, runs: Sequence[_Sampled]) -> Iterator[Finding]:
    """Yield what does not follow from the samples of runs on an instance."""
    for run in runs:
        if run.samples is None:
            yield Finding("run", f"{run.name}: its samples are not there, or too short.")
    whole = [(run, *run.samples) for run in runs if run.samples is not None]
    if not whole:
        return
    bits, weights = (np.array([one[place] for one in whole]) for place in (1, 2))
    problem = instance.problem
    figures = {
        "energy": instance.qubo.energies(bits),
        "loss": problem.training_loss(weights),
        "train_accuracy": problem.accuracy(weights),
        "test_accuracy": problem.test_accuracy(weights),
    }
    counts = instance.violations(bits)
    for number, (run, *_) in enumerate(whole):
        measured = {name: None if values is None else values[number].item() for name, values in figures.items()}
        kinds = {kind: int(count[number]) for kind, count in counts.items()}
        measured |= {"violations_by_kind": kinds, "violations": sum(kinds.values())}
        yield from _told(run.name, _differences(run.row, measured, "its sample has"))


def _is_named(row: Mapping[str, Any]) -> bool:
    """Return whether the key of a row is the hash of what was asked."""
    try:
        budget = Budget(seconds=row["budget_seconds"], reads=row["budget_reads"])
        parameters, versions = json.loads(row["parameters"]), json.loads(row["versions"])
        key = run_key(row["instance_hash"], row["solver"], parameters, versions, seed=row["seed"], budget=budget)
    except (BnnbenchError, ValueError, TypeError):
        return False
    return key == asked_key(row["key"])


def _differences(row: Mapping[str, Any], computed: Mapping[str, Any], says: str) -> Iterator[str]:
    for name, value in computed.items():
        stored = json.loads(row[name]) if isinstance(value, dict) else row[name]
        if not agree(stored, value):
            yield f"{says} {name} {_shown(value)}, but the row has {_shown(stored)}."


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:.9g}" if isinstance(value, (int, float)) else str(value)
