"""Verification: recompute what a store says from its packed samples and the instances built again.

Nothing of the run's own judgment is used: problems are rebuilt from their data, instances compiled anew, samples
unpacked, and each figure is compared with the row. Times and loads cannot be computed again; the digest of each row
shows whether they were changed since they were written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from bnnbench.errors import BnnbenchError, StoreError
from bnnbench.hashing import content_hash
from bnnbench.optimum.certificate import Certificate, signs
from bnnbench.optimum.certificate import verify as verify_certificate
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import formulation
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.instance import compile as compile_problem
from bnnbench.qubo.qubo import TOLERANCE
from bnnbench.runs.cell import asked_key
from bnnbench.runs.features import features_of
from bnnbench.runs.judge import unpack_bits
from bnnbench.runs.outcome import Outcome
from bnnbench.store.rescore import FOLDED, fold_again
from bnnbench.store.store import Store


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
    rows = store.runs().to_dict("records")
    for done, raw in enumerate(rows):
        progress(done, len(rows))
        row = {
            str(key): None if isinstance(value, float) and math.isnan(value) else value for key, value in raw.items()
        }
        name = f"{row['solver']} on {row['problem']} as {row['formulation']}, repetition {row['repetition']}"
        try:
            for sentence in _run(store, row, problems, instances, truths):
                yield Finding("run", f"{name}: {sentence}")
        except (TypeError, ValueError, OverflowError) as error:
            yield Finding("run", f"{name}: a cell cannot be read: {' '.join(str(error).split())}.")
    progress(len(rows), len(rows))


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
        wrong = [name for name, value in asdict(features_of(instance)).items() if row[name] != value]
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


def _run(
    store: Store,
    row: dict[str, Any],
    problems: dict[str, Problem],
    instances: dict[str, Instance],
    truths: dict[str, Truth],
) -> Iterator[str]:
    try:
        is_named = _key(row) == asked_key(row["key"])
    except (ValueError, TypeError):
        is_named = False
    if not is_named:
        yield "its key is not the hash of what it was run with."
    problem, truth = problems.get(row["problem_hash"]), truths.get(row["problem_hash"])
    if problem is None:
        yield "its problem is not there, or damaged."
        return
    batches = store.batches(row["key"])
    if batches.empty:
        return
    instance = instances.get(row["instance_hash"])
    if instance is None:
        yield "its instance is not there, or cannot be built again."
        return
    samples = store.samples(row["key"])
    try:
        bits = unpack_bits(samples["energy"], instance.qubo.num_variables)
        weights = 2 * unpack_bits(samples["loss"], problem.network.num_weights) - 1
    except (KeyError, ValueError):
        yield "its samples are not there, or too short."
        return
    test_accuracy = problem.test_accuracy(weights)
    violations = {kind: int(count[0]) for kind, count in instance.violations(bits[None]).items()}
    computed = {
        "energy": float(instance.qubo.energies(bits[None])[0]),
        "loss": float(problem.training_loss(weights)),
        "train_accuracy": float(problem.accuracy(weights)),
        "test_accuracy": None if test_accuracy is None else float(test_accuracy),
        "violations": sum(violations.values()),
        **{f"violations.{kind}": count for kind, count in violations.items()},
    }
    yield from _differences(row, computed, "its sample has")
    folded = fold_again(row, batches.to_dict("records"), truth, is_sound=instance.is_sound)
    yield from _differences(row, {name: getattr(folded, name) for name in FOLDED}, "its batches give")
    yield from _missing_flags(row, folded)


def _key(row: dict[str, Any]) -> str:
    reads = row["budget_reads"]
    header = {
        "instance": row["instance_hash"],
        "solver": row["solver"].partition("[")[0],
        "parameters": json.loads(row["parameters"]),
        "versions": json.loads(row["versions"]),
        "seed": int(row["seed"]),
        "budget": [row["budget_seconds"], None if reads is None else int(reads)],
    }
    return content_hash("run", header)


def _differences(row: dict[str, Any], computed: dict[str, Any], says: str) -> Iterator[str]:
    for name, value in computed.items():
        stored = row.get(name)
        agrees = stored is value if stored is None or value is None else abs(stored - value) <= TOLERANCE
        if not agrees:
            yield f"{says} {name} {_shown(value)}, but the row has {_shown(stored)}."


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:.9g}"


def _missing_flags(row: dict[str, Any], folded: Outcome) -> Iterator[str]:
    for flag in folded.flags:
        if flag not in row["flag_texts"]:
            yield f"it is not flagged, though it {flag}."
