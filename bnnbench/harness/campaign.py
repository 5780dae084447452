"""The campaign: the coordinator that runs the cells of a suite and writes the store."""

from __future__ import annotations

import contextlib
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bnnbench.errors import CheckError, InputError, StoreError
from bnnbench.harness.executor import Ending, Executor, LocalExecutor
from bnnbench.harness.isolation.resources import load
from bnnbench.harness.journal import EndLine, Spooled, StartLine, read_spool, tail_of
from bnnbench.harness.machine import machine_info
from bnnbench.harness.qpu_allowance import QpuAllowance
from bnnbench.harness.worker import Task, same_folder
from bnnbench.optimum.certificate import certify
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.runs.cell import Cell
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import Target
from bnnbench.spec import Spec
from bnnbench.store.rescore import note_found, note_truth

if TYPE_CHECKING:
    from bnnbench.store.store import Store
    from bnnbench.suite.file import Limits

CHECK_S = 10.0
"""Seconds that the check of a truth may take; `bnnbench truth --verify` gives it more."""
REPORT_S = 30.0
"""Seconds between reports of the runs that go on for longer than that."""
WAIT_S, GATHER_S = 0.2, 0.02
"""Seconds to wait for a run that ends, and from then on for others: rows are written together, as that takes time."""


def pending(cells: Sequence[Cell], finished: set[str]) -> list[Cell]:
    """Cells that still have to run; of cells with the same key, the first."""
    return list({cell.key: cell for cell in reversed(cells) if cell.key not in finished}.values())[::-1]


def find_truths(
    problems: Sequence[Problem], store: Store, *, on_none: Callable[[str], None] = lambda _reason: None
) -> Iterator[tuple[Problem, Truth | None]]:
    """Best truth that is known of each problem, checked and stored as it is found; None where it cannot be had.

    Runs that the store has of a problem are measured again if its truth has become a better one.

    Parameters
    ----------
    on_none
        Told why one cannot be had.

    Raises
    ------
    CheckError
        If a check that shares no code with the search disagrees.
    """
    certified, stored = store.certificates(), store.truths()
    for problem in problems:
        store.add_problem(problem)
        try:
            truth = ground_truth(problem)
        except (InputError, MemoryError) as error:
            if problem.hash not in stored:
                text = str(error) if isinstance(error, InputError) else f"{problem.name}: the search ran out of memory."
                on_none(text)
            yield problem, stored.get(problem.hash)
            continue
        certificate, known = None, certified.get(problem.hash, {})
        if known.get("loss") != truth.loss or known.get("kind") != truth.kind:
            certificate = certify(problem, truth, limit_s=CHECK_S)
            for check in certificate.failed:
                raise CheckError(
                    f"{problem.name}: the optimal loss {truth.loss:g} is wrong: {check.name}: {check.detail}."
                )
        yield problem, note_truth(store, truth, certificate, stored.get(problem.hash))


def run_cells(
    cells: Sequence[Cell],
    truths: dict[str, Truth | None],
    store: Store,
    limits: Limits,
    *,
    executor: Executor | None = None,
    max_qpu_seconds: float | None = None,
    more: Callable[[Cell, Outcome], Sequence[Cell]] = lambda _cell, _outcome: (),
    on_wait: Callable[[Cell, float], None] = lambda _cell, _elapsed_s: None,
) -> Iterator[tuple[Cell, Outcome]]:
    """Run cells in worker processes; yields each as its row is in the store.

    Parameters
    ----------
    truths
        By problem hash.
    executor
        Where they run; None: one at a time on this machine.
    max_qpu_seconds
        Seconds of QPU access for all cells, see `QpuAllowance`; those past it get a row ``unavailable``.
    more
        Told of each run that ended; says which further cells have to run for that.
    on_wait
        Told every `REPORT_S` seconds of the up to three longest-running cells, and for how many seconds each has run.
    """
    machine = store.add_machine(machine_info())
    spool = store.folder.absolute() / "spool"  # a solver may change the directory of its worker
    shutil.rmtree(spool, ignore_errors=True)  # what a killed coordinator left behind runs again
    try:
        spool.mkdir()
    except OSError as error:
        raise StoreError(f"{spool} cannot be made: {error.strerror}; move away what is there.") from error
    for solver in {str(cell.solver): cell.solver for cell in cells}.values():
        _warm_up(solver)
    waiting, allowance = deque(cells), QpuAllowance(max_qpu_seconds)
    running: dict[Path, _Started] = {}
    try:
        with executor or LocalExecutor() as places:

            def fill() -> None:
                while places.has_room and (cell := allowance.take(waiting)) is not None:
                    spool.mkdir(exist_ok=True)  # a solver can remove it
                    task = _task(cell, truths.get(cell.problem.hash), spool, limits, allowance.left_s)
                    now = datetime.now(UTC).isoformat(timespec="milliseconds")
                    running[task.spool] = _Started(cell, now, perf_counter(), load())
                    places.submit(task, limits.wall_limit_s(cell.budget))

            fill()
            reported = perf_counter()
            while running:
                if perf_counter() - reported >= REPORT_S:
                    reported = perf_counter()
                    longest = [started for started in running.values() if reported - started.since >= REPORT_S]
                    for started in longest[:3]:  # in the order in which they started
                        on_wait(started.cell, reported - started.since)
                ended, done = [], []
                try:
                    until = perf_counter() + WAIT_S
                    while running and (left_s := until - perf_counter()) > 0:
                        for task, ending in places.finished(left_s):
                            ended.append(_take(running.pop(task.spool), task, ending))  # kept, if a later one raises
                            until = min(until, perf_counter() + GATHER_S)
                        fill()  # before the rows are written, so that workers do not wait for the disk
                finally:
                    with store.transaction():
                        for one in ended:
                            outcome = _store(store, one, machine, allowance, truths, is_timed=places.is_timed)
                            done.append((one.started.cell, outcome))
                            waiting.extend(more(one.started.cell, outcome))
                fill()  # cells that waited for the QPU, or came up
                for one in ended:
                    for path in (one.task.spool, one.task.log):
                        with contextlib.suppress(OSError):  # it is gone with its folder, at the latest
                            path.unlink()
                yield from done
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _warm_up(spec: Spec) -> None:
    """Let a solver compile; if it cannot, its runs will say why."""
    with same_folder(), contextlib.suppress(Exception, SystemExit, GeneratorExit):
        solver = load_solver(spec)
        if solver.unavailable() is None:
            solver.warm_up()


@dataclass(frozen=True)
class _Started:
    cell: Cell
    at: str
    since: float
    load: float


def _task(cell: Cell, truth: Truth | None, spool: Path, limits: Limits, qpu_left_s: float | None) -> Task:
    is_sound = cell.formulation.is_sound(cell.problem)
    return Task(
        problem=cell.problem,
        formulation=cell.formulation,
        solver=cell.solver,
        seed=cell.seed,
        budget=cell.budget,
        target=Target(truth.loss if truth else None, truth.kind if truth else None, is_sound),
        spool=spool / f"{cell.key}.jsonl",
        log=spool / f"{cell.key}.log",
        memory_gb=limits.memory_gb,
        file_gb=limits.file_gb,
        processes=limits.processes,
        file=cell.versions.get("file"),
        qpu_left_s=qpu_left_s,
    )


@dataclass(frozen=True)
class _Ended:
    """A run that ended, with what it left behind; status and message are those of its spool, or of its process."""

    started: _Started
    task: Task
    spooled: Spooled
    end: EndLine
    machine: Mapping[str, Any] | None
    log_tail: str


def _take(started: _Started, task: Task, ending: Ending) -> _Ended:
    """Read at once what a run left behind: another one may remove it."""
    spooled = read_spool(task.spool)
    end = spooled.end or EndLine("crash", "the worker ended without a word.", {})
    status, message = ending.status or end.status, ending.message or end.message
    log = "" if status == "ok" else tail_of(task.log)
    if ending.status == "crash" and ("bad_alloc" in log or "MemoryError" in log):
        status = "memory"
        message = f"the run needed more than the limit of {task.memory_gb:g} GB of memory."
    return _Ended(started, task, spooled, replace(end, status=status, message=message), ending.machine, log)


def _store(
    store: Store,
    ended: _Ended,
    machine: str,
    allowance: QpuAllowance,
    truths: dict[str, Truth | None],
    *,
    is_timed: bool,
) -> Outcome:
    """Fold what a run left behind, settle its QPU access, and write the row."""
    cell, task, spooled, end = ended.started.cell, ended.task, ended.spooled, ended.end
    timings = {key: value for key, value in end.timings.items() if value is not None}
    truth = truths.get(cell.problem.hash)  # it can have become a better one since the run began
    target = replace(task.target, loss=truth.loss, kind=truth.kind) if truth else task.target
    outcome = fold(spooled.batches, target, task.budget, status=end.status, message=end.message, **timings)
    allowance.settle(cell, outcome, spooled.estimate.qpu_s if spooled.estimate else None)
    if spooled.instance:
        store.add_instance(spooled.instance, cell.problem.hash, str(cell.formulation))
    if ended.machine is not None:
        machine = store.add_machine(ended.machine)
    begun = spooled.start or StartLine(ended.started.at, ended.started.load, None)
    processors = None if begun.processors is None else ",".join(map(str, begun.processors))
    if begun.processors and cell.threads > len(begun.processors):
        flag = f"used {cell.threads} threads on {len(begun.processors)} processors"
        outcome = replace(outcome, flags=[*outcome.flags, flag])
    for canary in spooled.canaries:
        store.add_canary(canary, machine=machine, processors=processors)
    circumstances = Circumstances(
        machine=machine,
        started_at=begun.at,
        load=begun.load,
        load_after=end.load if end.load is not None else load(),
        processors=processors,
        is_timed=is_timed,
        log_tail=ended.log_tail if outcome.status in ("error", "crash", "memory", "timeout") else "",
    )
    store.add_run(cell, outcome, circumstances)
    truths[cell.problem.hash] = note_found(store, cell.problem, outcome, truth)
    return replace(outcome, batches=())
