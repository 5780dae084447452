"""Verification: recompute what a store says from its packed samples and the instances built again.

Nothing of the run's own judgment is used: problems are rebuilt from their data, instances compiled anew, samples
unpacked, and each figure is compared with the row. Times and loads cannot be computed again; the digest of each row
shows whether they were changed since they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from bnnbench.errors import BnnbenchError, StoreError
from bnnbench.optimum.certificate import Certificate, certify, signs
from bnnbench.optimum.certificate import verify as verify_certificate
from bnnbench.optimum.ground_state import VISITED, ground_state
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.qubo_problem import QuboProblem
from bnnbench.runs.features import features_of
from bnnbench.store.store import Store
from bnnbench.store.stored_spec import stored_spec
from bnnbench.store.verify_runs import Finding, RunCheck


@dataclass
class Tally:
    """Numbers of what was checked, for a sentence at the end.

    Attributes
    ----------
    num_runs, num_recomputed
        Runs, and those of them that have samples, which were recomputed.
    unconfirmed
        Problems whose certified optimum was not confirmed this time, for want of seconds.
    """

    num_runs: int = 0
    num_recomputed: int = 0
    unconfirmed: list[str] = field(default_factory=list)


def verify(
    store: Store,
    *,
    check_seconds: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
    tally: Tally | None = None,
    files: Sequence[Path] = (),
) -> Iterator[Finding]:
    """Find what in a store does not hold.

    Losses and exact energies have to be equal; others may differ by twice their `bnnbench.qubo.qubo.Qubo.rounding`.

    Parameters
    ----------
    check_seconds
        Seconds per problem that CP-SAT has to refute an optimum that is too large to enumerate; 0: it is not asked.
    progress
        Called with the number of runs that were checked, and of all.
    tally
        Told what was checked.
    files
        Of formulations that came from files: none that the store names is run.
    """
    try:
        with store.transaction():  # one moment of a store that is being written
            yield from _findings(store, check_seconds, progress or _keep_silent, tally or Tally(), files)
    except StoreError as error:  # what cannot be read leaves nothing to go on with
        yield Finding("store", str(error))


def _keep_silent(done: int, total: int) -> None:
    """Report to nobody."""


def _findings(
    store: Store, check_seconds: float, progress: Callable[[int, int], None], tally: Tally, files: Sequence[Path]
) -> Iterator[Finding]:
    for sentence in store.unsealed():
        yield Finding("store", sentence)
    problems = yield from _problems(store)
    instances = yield from _instances(store, problems, files)
    truths = store.truths()
    yield from _truths(store, truths, problems, check_seconds, tally)
    total = len(store.run_keys())
    check = RunCheck(problems, instances, truths, store.machines())
    for run in store.stored_runs():
        progress(tally.num_runs, total)
        tally.num_runs += 1
        yield from check.wrong(run)
    yield from check.rest()
    tally.num_recomputed = check.num_recomputed
    progress(total, total)


def _problems(store: Store) -> Generator[Finding, None, dict[str, Problem]]:
    """Build problems again from their data, by hash."""
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


def _instances(
    store: Store, problems: dict[str, Problem], files: Sequence[Path]
) -> Generator[Finding, None, dict[str, Instance]]:
    """Compile instances anew, by hash."""
    instances: dict[str, Instance] = {}
    for row in store.instances():
        problem = problems.get(row["problem_hash"])
        if problem is None:
            yield Finding("instance", f"{row['hash']} is one of a problem that is not there, or damaged.")
            continue
        try:
            instance = compile_problem(problem, formulation(stored_spec(row["formulation"], files)))
        except BnnbenchError as error:
            yield Finding("instance", f"{problem.name} as {row['formulation']} cannot be built again: {error}")
            continue
        wrong = [name for name, value in asdict(features_of(instance)).items() if row.get(name) != value]
        if wrong:
            yield Finding("instance", f"{instance} was built again and differs in {', '.join(wrong)}.")
        instances[row["hash"]] = instance
    return instances


def _wrong_ground_state(problem: QuboProblem, truth: Truth, tally: Tally) -> Iterator[Finding]:
    """Yield what is wrong with the ground energy of a QUBO of a file; small ones are visited state by state."""
    rounding = 2 * problem.qubo.rounding
    for weights in truth.optima[:1]:
        if weights.size and abs(float(problem.training_loss(weights)) - truth.loss) > rounding:
            yield Finding("truth", f"{problem.name}: its bits do not have the energy {truth.loss:g}.")
    if truth.kind == "best_known":
        return
    if problem.qubo.num_variables > VISITED:
        tally.unconfirmed.append(problem.name)
    elif abs((energy := ground_state(problem).loss) - truth.loss) > rounding:
        yield Finding("truth", f"{problem.name}: the ground energy is {energy:g}, and not {truth.loss:g}.")


def _truths(
    store: Store, truths: dict[str, Truth], problems: dict[str, Problem], check_seconds: float, tally: Tally
) -> Iterator[Finding]:
    certificates = store.certificates()
    for key, truth in truths.items():
        problem = problems.get(key)
        if problem is None:
            continue  # truths of problems that were only planned
        if isinstance(problem, QuboProblem):
            yield from _wrong_ground_state(problem, truth, tally)
            continue
        best = truth.optima[0]
        if best.shape != (problem.network.num_weights,) or float(problem.training_loss(best)) != truth.loss:
            yield Finding("truth", f"{problem.name}: its weights do not have the optimal loss {truth.loss:g}.")
            continue
        try:
            if key in certificates:
                certificate = TypeAdapter(Certificate).validate_python(certificates[key])
                checked = verify_certificate(problem, certificate, limit_s=check_seconds)
            else:
                certificate = checked = certify(problem, truth, limit_s=check_seconds)
        except (BnnbenchError, ValueError) as error:
            yield Finding("truth", f"{problem.name}: its certificate cannot be used: {' '.join(str(error).split())}")
            continue
        if (certificate.loss, certificate.kind, certificate.weights) != (truth.loss, truth.kind, signs(best)):
            yield Finding("truth", f"{problem.name}: its certificate is about another optimum.")
        counts = certificate.num_optima, None if truth.num_optima is None else str(truth.num_optima)
        if None not in counts and counts[0] != counts[1]:
            yield Finding(
                "truth", f"{problem.name}: {counts[1]} optima are stored, but its certificate counts {counts[0]}."
            )
        for one in checked.failed:
            yield Finding("truth", f"{problem.name}: {one.name}: {one.detail}.")
        if truth.kind == "best_known" or truth.loss == 0 or all(one.verdict != "out of time" for one in checked.checks):
            continue
        tally.unconfirmed.append(problem.name)
        if key not in certificates:
            yield Finding(
                "truth",
                f"{problem.name}: the optimal loss {truth.loss:g} is said to be {truth.kind}, but has no certificate, "
                "and nothing confirms it; give it time with --check-seconds 60.",
            )
