"""The campaign: the coordinator that runs the cells of a suite and writes the store."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

from bnnbench.errors import BnnbenchError, CheckError, InputError, blaming
from bnnbench.harness.executor import Ending, Executor, LocalExecutor
from bnnbench.harness.foreign_truth import foreign_truth, is_foreign
from bnnbench.harness.isolation.resources import load
from bnnbench.harness.journal import NO_WORD, Record, StartLine, read_journal
from bnnbench.harness.machine import machine_info
from bnnbench.harness.qpu_allowance import QpuAllowance
from bnnbench.harness.task import Task, task_of
from bnnbench.harness.warm_up import needs_of, warm_up
from bnnbench.optimum.certificate import Certificate, certify
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.shipped import SHIPPED
from bnnbench.optimum.truth import Truth
from bnnbench.problem.problem import Problem
from bnnbench.processes import private_folder
from bnnbench.qubo.formulation import Formulation
from bnnbench.runs.cell import Cell
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.outcome import Outcome, fold
from bnnbench.runs.target import Target, target_of
from bnnbench.store.rescore import note_found, note_truth
from bnnbench.store.store import Store
from bnnbench.suite.file import Limits
from bnnbench.suite.foreign import InstanceTable

CHECK_S = 10.0
"""Seconds that the check of a truth may take; `bnnbench truth --verify` gives it more."""
REPORT_S = 30.0
"""Seconds between reports of the runs that go on for longer than that."""
WAIT_S, GATHER_S = 0.2, 0.02
"""Seconds to wait for a run that ends, and from then on for others: rows are written together, as that takes time."""


def pending(cells: Sequence[Cell], finished: set[str]) -> list[Cell]:
    """Return the cells that still have to run; of cells with the same key, the first."""
    return list({cell.key: cell for cell in reversed(cells) if cell.key not in finished}.values())[::-1]


def find_truths(
    problems: Sequence[Problem],
    store: Store,
    foreign: Mapping[str, InstanceTable] = MappingProxyType({}),
    *,
    on_none: Callable[[str], None] = lambda _reason: None,
) -> Iterator[tuple[Problem, Truth | None]]:
    """Yield the best truth that is known of each problem, checked and stored as it is found; None if there is none.

    Runs that the store has of a problem are measured again if its truth has become a better one.

    Parameters
    ----------
    foreign
        Of QUBOs of files, what the suite says of their ground energies, by the hash of the problem.
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
            truth = foreign_truth(problem, foreign.get(problem.hash)) if is_foreign(problem) else ground_truth(problem)
        except (InputError, MemoryError) as error:
            if problem.hash not in stored:
                text = str(error) if isinstance(error, InputError) else f"{problem.name}: the search ran out of memory."
                on_none(text)
            yield problem, stored.get(problem.hash)
            continue
        certificate, known = None, certified.get(problem.hash, {})
        if not is_foreign(problem) and (known.get("loss") != truth.loss or known.get("kind") != truth.kind):
            certificate = _certificate_of(problem, truth)
            for check in certificate.failed:
                raise CheckError(
                    f"{problem.name}: the optimal loss {truth.loss:g} is wrong: {check.name}: {check.detail}."
                )
        yield problem, note_truth(store, truth, certificate, stored.get(problem.hash))


def _certificate_of(problem: Problem, truth: Truth) -> Certificate:
    """Return the certificate that ships with a set of problems, or check the truth now."""
    shipped = SHIPPED.get(problem)
    if shipped is not None and (shipped.loss, shipped.kind) == (truth.loss, truth.kind):
        return shipped.certificate(problem)
    return certify(problem, truth, limit_s=CHECK_S)


def _no_more(_cell: Cell, _outcome: Outcome) -> Sequence[Cell]:
    return ()


def _tell_nobody(_cell: Cell, _elapsed_s: float) -> None:
    """Report nothing."""


@dataclass
class Campaign:
    """Run cells in worker processes, and write their rows.

    It fills the executor, collects what has ended, commits the rows together, and reports what takes long.

    Parameters
    ----------
    truths
        By problem hash.
    executor
        Where the cells run, closed at the end; None: one at a time on this machine.
    max_qpu_seconds
        Seconds of QPU access for all cells, see `QpuAllowance`; those past it get a row ``unavailable``.
    more
        Told of each run that ended; returns the cells that have to run because of it.
    order_seed
        Of the random order that the cells are in, for their rows; None: they are in no random order.
    on_wait
        Told every `REPORT_S` seconds of the up to three longest-running cells, and for how many seconds each has run.
    """

    store: Store
    limits: Limits
    truths: dict[str, Truth | None] = field(default_factory=dict)
    executor: Executor | None = None
    max_qpu_seconds: float | None = None
    more: Callable[[Cell, Outcome], Sequence[Cell]] = _no_more
    order_seed: int | None = None
    on_wait: Callable[[Cell, float], None] = _tell_nobody

    def __post_init__(self) -> None:
        self._machine = self.store.add_machine(machine_info())
        self._allowance = QpuAllowance(self.max_qpu_seconds)
        self._waiting: deque[Cell] = deque()
        self._running: dict[Path, tuple[Cell, StartLine, float]] = {}
        """By journal; what is known of a start where a run does not say it, and when that was by the clock."""
        self._ended: list[tuple[Cell, StartLine, Record]] = []
        self._reported = perf_counter()
        self._sound: dict[tuple[Problem, Formulation], bool] = {}
        self._noted: set[str] = set()

    def run(self, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Outcome]]:
        """Run cells, and yield each as its row is in the store.

        Raises
        ------
        StoreError
            If the disk takes no more, or the folder of the journals is gone.
        UnavailableError
            If nothing can run, because no worker starts, or the cluster is lost.
        """
        warm_up(needs_of(cells))
        self._waiting.extend(cells)
        # Not in the folder of results, which belongs to the user, and may be renamed while runs go on.
        journals = Path(tempfile.mkdtemp(prefix="journals-", dir=private_folder()))
        try:
            with self.executor or LocalExecutor() as executor:
                self.fill(executor, journals)
                while self._running:
                    self.report()
                    try:
                        self.collect(executor, journals)
                    finally:  # what has ended is kept, whatever is raised
                        done = self.commit(is_timed=executor.is_timed)
                    self.fill(executor, journals)  # cells that waited for the QPU, or came up
                    yield from done
        finally:
            shutil.rmtree(journals, ignore_errors=True)

    def fill(self, executor: Executor, journals: Path) -> None:
        """Start cells while there is room for them."""
        while executor.has_room and (cell := self._allowance.take(self._waiting)) is not None:
            journals.mkdir(exist_ok=True, parents=True)  # a solver can remove it
            goal = self._target(cell).goal(cell.solver.budget)
            task = task_of(cell, self.limits, journals, self._allowance.left_s, goal)
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._running[task.journal] = cell, StartLine(now, load(), None), perf_counter()
            executor.submit(task)

    def collect(self, executor: Executor, journals: Path) -> None:
        """Wait for runs that end, take what they left, and start others before the disk is waited for."""
        until = perf_counter() + WAIT_S
        while self._running and (left_s := until - perf_counter()) > 0:
            for task, ending in executor.finished(left_s):
                (cell, start, _), record = self._running.pop(task.journal), _record_of(task, ending)
                self._ended.append((cell, record.start or start, record))
                until = min(until, perf_counter() + GATHER_S)
            self.fill(executor, journals)

    def commit(self, *, is_timed: bool) -> list[tuple[Cell, Outcome]]:
        """Write the rows of all that has ended, together or not at all, and ask for further cells."""
        ended, self._ended = self._ended, []
        with self.store.transaction():
            done = [(one[0], self._write(*one, is_timed=is_timed)) for one in ended]
        for cell, outcome in done:
            self._waiting.extend(self.more(cell, outcome))
        return done

    def report(self) -> None:
        """Tell, now and then, of the cells that run for longest."""
        now = perf_counter()
        if now - self._reported >= REPORT_S:
            self._reported = now
            longest = [(cell, now - since) for cell, _, since in self._running.values() if now - since >= REPORT_S]
            for cell, elapsed_s in longest[:3]:  # in the order in which they started
                self.on_wait(cell, elapsed_s)

    def _target(self, cell: Cell) -> Target:
        """Return what a cell is measured against, as far as it is known now."""
        asked = cell.problem, cell.formulation
        if asked not in self._sound:
            self._sound[asked] = _is_sound(cell)
        return target_of(self.truths.get(cell.problem.hash), cell.problem.num_samples, is_sound=self._sound[asked])

    def _write(self, cell: Cell, begun: StartLine, record: Record, *, is_timed: bool) -> Outcome:
        """Fold what a run left into its outcome, settle its QPU access, and write the row."""
        end = record.end or NO_WORD
        truth = self.truths.get(cell.problem.hash)
        target = self._target(cell)  # it can have become a better one since the run began
        timings = {key: value for key, value in end.timings.items() if value is not None}
        outcome = fold(record.batches, target, cell.solver.budget, status=end.status, message=end.message, **timings)
        self._allowance.settle(cell, outcome, record.estimate.qpu_s if record.estimate else None)
        if record.instance and record.instance.hash not in self._noted:
            self._noted.add(record.instance.hash)
            self.store.add_instance(record.instance, cell.problem.hash, str(cell.formulation))
        machine = self._machine if record.machine is None else self.store.add_machine(record.machine)
        processors = None if begun.processors is None else ",".join(map(str, begun.processors))
        has_run = outcome.status not in ("refused", "unavailable")
        if has_run and begun.processors and cell.solver.threads > len(begun.processors):
            flag = f"used {cell.solver.threads} threads on {len(begun.processors)} processors"
            outcome = replace(outcome, flags=[*outcome.flags, flag])
        for probe in record.speed_probes:
            self.store.add_speed_probe(probe, machine=machine, processors=processors)
        circumstances = Circumstances(
            machine=machine,
            started_at=begun.at,
            load=begun.load,
            load_after=end.load if end.load is not None else load(),
            processors=processors,
            is_timed=is_timed,
            order_seed=self.order_seed,
            log_tail=record.log_tail if outcome.status in ("error", "crash", "memory", "timeout") else "",
        )
        self.store.add_run(cell, outcome, circumstances)
        self.truths[cell.problem.hash] = note_found(self.store, cell.problem, outcome, truth)
        return replace(outcome, batches=())


def _is_sound(cell: Cell) -> bool:
    """Return whether the formulation of a cell is sound; one that cannot say it is not."""
    with contextlib.suppress(BnnbenchError), blaming(f"formulation {cell.formulation} raised"):
        return cell.formulation.is_sound(cell.problem)
    return False


def _record_of(task: Task, ending: Ending) -> Record:
    """Read at once what a run left, since another one may remove it; how its process ended comes first."""
    record = read_journal(task.journal)
    with contextlib.suppress(OSError):  # it goes with its folder, at the latest
        task.journal.unlink()
    end = record.end or NO_WORD
    status, message = ending.status or end.status, ending.message or end.message
    if ending.status == "crash" and ("bad_alloc" in ending.log_tail or "MemoryError" in ending.log_tail):
        status = "memory"
        message = f"the run needed more than the limit of {task.limits.memory_gb:g} GB of memory."
    record.end = replace(end, status=status, message=message)
    record.machine, record.log_tail = ending.machine, ending.log_tail
    return record
