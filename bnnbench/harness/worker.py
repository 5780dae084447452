"""The worker: a process that runs one task after another, under limits, and journals what it learns as it comes."""

from __future__ import annotations

import contextlib
import errno
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from bnnbench.errors import BnnbenchError, InputError, RefusedError, UnavailableError, stack_of, told
from bnnbench.harness.isolation.confinement import confined, kill_children, stand_back, tie_to
from bnnbench.harness.isolation.leftovers import Leftovers, other_threads_rest
from bnnbench.harness.isolation.log import Log
from bnnbench.harness.isolation.placement import Cores
from bnnbench.harness.isolation.resources import load, peak_memory_mib, reset_peak_memory
from bnnbench.harness.journal import FULL, DiskError, EndLine, EstimateLine, Journal, StartLine
from bnnbench.harness.task import Task
from bnnbench.hashing import content_hash
from bnnbench.plugins.entries import file_hash
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.processes import THREAD_LIMITS
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance, compile  # noqa: A004
from bnnbench.redaction import beginning
from bnnbench.runs.features import Features, features_of
from bnnbench.runs.loop import measure
from bnnbench.runs.outcome import Status
from bnnbench.runs.speed_probe import EVERY_S, probe_speed
from bnnbench.runs.target import Target

READY, DONE, LAST, DISK = b"ready", b"done", b"last", b"disk:"
"""Messages of a worker: it begins with a task; it is done with it; it is done and ends; it cannot write what it has."""
MAX_MESSAGE = 5000
"""Characters of what is said about the end of a run, and bytes of what a worker says about a disk."""
MAX_TASKS = 1000
"""Tasks after which a worker is replaced: solvers' libraries leak."""


def serve(pipe: Connection, log: Log) -> None:
    """Work in a process of its own: run the tasks that come, and say when each begins and ends.

    Interrupts are the coordinator's business, numerical libraries get one thread. The process leads a group of its own,
    so that whatever a solver starts can be found and killed.
    """
    os.setsid()
    stand_back()
    if (coordinator := multiprocessing.parent_process()) is not None:
        tie_to(coordinator.sentinel)
    for number in (pipe.fileno(), log.fd):
        os.set_inheritable(number, False)  # noqa: FBT003  so that it closes when a solver becomes another program
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    threading.Thread(target=_leave_with_coordinator, daemon=True).start()
    os.environ.pop("PYTHONSAFEPATH", None)  # it was for this process, and not for what solvers start
    owner = os.getpid()
    before = latest = Leftovers.of_this_process()
    with contextlib.suppress(EOFError, OSError):  # the coordinator is gone
        for number in range(1, MAX_TASKS + 1):
            task, processors, probed_at = pipe.recv()
            _keep_to(processors)
            pipe.send_bytes(READY)
            try:
                is_sane = execute(task, processors, log, probed_at)
            except DiskError as error:
                pipe.send_bytes(DISK + str(error).encode(errors="replace")[:MAX_MESSAGE])
                break
            if os.getpid() != owner:
                os._exit(1)  # a solver forked, and its child came back from there
            is_sane, earlier, latest = _kill_children() and is_sane, latest, Leftovers.of_this_process()
            is_sane = is_sane and not latest.harm_after(before)
            is_sane = is_sane and (latest.threads <= earlier.threads or other_threads_rest())
            pipe.send_bytes(DONE if is_sane and number < MAX_TASKS else LAST)


def _leave_with_coordinator() -> None:
    """End all that the solver started when nobody waits for the run any more."""
    coordinator = multiprocessing.parent_process()
    if coordinator is not None:
        coordinator.join()
        os.killpg(0, signal.SIGKILL)


def _keep_to(processors: Cores | None) -> None:
    """Keep all threads of this process to some processors; those of libraries stay where they were started."""
    if processors is not None and os.sched_getaffinity(0) != set(processors):
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # one that has ended
                os.sched_setaffinity(int(thread.name), processors)


def _kill_children() -> bool:
    """End the processes that a run left behind, which would slow down the next one; tell whether none is left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass  # one that had ended
    except ChildProcessError:
        return True  # the usual case; to look for children is to read the whole process table
    return kill_children(os.getpid())


def execute(task: Task, processors: Sequence[int] | None, log: Log, probed_at: float = -math.inf) -> bool:
    """Run one task; all that becomes known is in its journal. Return whether the process is fit for another."""
    with log.catching(), same_folder(), contextlib.closing(Journal(task.journal)) as journal:
        clock = ProbeClock(probed_at)
        clock.probe_if_due(journal)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        journal.write(StartLine(now, load(), None if processors is None else list(processors)))
        reset_peak_memory()
        end = _guarded(task, journal)
        journal.write(replace(end, timings=end.timings | {"peak_mib": peak_memory_mib()}, load=load()))
        clock.probe_if_due(journal)
    return not end.is_void


def _guarded(task: Task, journal: Journal) -> EndLine:
    """Run a task under its limits, and say how it ended; here, and only here, whatever a solver raises is caught."""
    limits = task.limits
    try:
        with confined(limits.memory_gb, limits.file_gb, limits.processes):
            return _measure(task, journal)
    except _ChangedError:
        message = "the solver changed the instance that it was given; its answers cannot be judged."
        return EndLine("error", message, {}, is_void=True)
    except DiskError:
        raise
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise DiskError(f"the disk that the solver writes to has no room: {error.strerror}") from error
        return _ending(error, task)


def _ending(error: BaseException, task: Task) -> EndLine:
    """Return the ending of a run that raised; a refusal that comes late is a refusal."""
    if isinstance(error, MemoryError):
        return EndLine("memory", f"the run needed more than the limit of {task.limits.memory_gb:g} GB of memory.", {})
    if isinstance(error, BnnbenchError):
        late: dict[type[BnnbenchError], Status] = {RefusedError: "refused", UnavailableError: "unavailable"}
        status: Status = next((late[kind] for kind in late if isinstance(error, kind)), "error")
        return EndLine(status, beginning(error, MAX_MESSAGE), {})
    with contextlib.suppress(OSError):  # not by `sys.stderr`, which the solver may have replaced
        os.write(2, stack_of(error).encode(errors="replace"))
    return EndLine("error", beginning(_sentence(error, task), MAX_MESSAGE), {})


@dataclass
class ProbeClock:
    """Know when the processors of a worker were last probed."""

    last: float

    def probe_if_due(self, journal: Journal) -> None:
        """Probe them, and note it with the run that is at hand."""
        if perf_counter() - self.last >= EVERY_S:
            journal.write(probe_speed())
            self.last = perf_counter()


class _ChangedError(Exception):
    """A solver changed the instance that it was given, and that its answers are judged by."""


def _measure(task: Task, journal: Journal) -> EndLine:
    instance, digest, features = _compile(task.problem, task.formulation)
    journal.write(features)
    _check_there(task.solver.spec.name)
    _check_file(task.solver.spec.name, task.solver.versions.get("file"))
    solver = load_solver(task.solver.spec)
    if reason := solver.unavailable():
        return EndLine("unavailable", beginning(reason, MAX_MESSAGE), {})
    try:
        outcome = measure(
            instance,
            solver,
            Target(None, None, features.is_sound),
            budget=task.solver.budget,
            seed=task.seed,
            record=lambda judged, _: journal.write(judged),
            allow=None if task.qpu_left_s is None else partial(_allow, journal, task.qpu_left_s),
            stop_at=task.stop_at,
        )
    finally:
        if not _is_intact(instance, digest):
            raise _ChangedError
    times = {name: getattr(outcome, name) for name in ("compile_s", "prepare_s", "sample_s", "judge_s", "cpu_s")}
    return EndLine(outcome.status, beginning(outcome.message, MAX_MESSAGE), times)


def _allow(journal: Journal, left_s: float, estimate_s: float) -> None:
    """Note an estimate, or stop the run; as `unavailable`, since a larger limit lets it run."""
    if estimate_s > left_s:
        raise UnavailableError(
            f"the run takes about {estimate_s:.3g} s of QPU access, but {max(0.0, left_s):.3g} s are left of "
            "--max-qpu-seconds; nothing was submitted. Give more, and the same command runs it."
        )
    journal.write(EstimateLine(estimate_s))


def _check_there(name: str) -> None:
    """Raise `UnavailableError` if a solver's file was removed, so that its runs are made up for when it is back."""
    if name.endswith(".py") and not Path(name).is_file():
        raise UnavailableError(
            f"{name} was removed after the campaign had begun; put it back, and the same command runs what is missing."
        )


@cache
def _check_file(name: str, digest: str | None) -> None:
    """Raise `InputError` if a solver's file is not what was planned; asked before it is loaded, which happens once."""
    if Path(name).is_file() and file_hash(name) != digest:
        raise InputError(
            f"{Path(name).name} was changed after the campaign had begun, and this worker, which is new, would load "
            "the other version; run the same command again, for rows of their own."
        )


_compiled: dict[tuple[Problem, Formulation], tuple[Instance, str, Features]] = {}
"""Instances with their digests and features, the latest last; each block of repetitions comes back to them."""
MAX_COUPLINGS = 2_000_000
"""Couplings of the instances that a worker keeps, at 16 bytes or more each."""


def _compile(problem: Problem, formulation: Formulation) -> tuple[Instance, str, Features]:
    """Return instance, digest and features, kept from before where there is room."""
    if (problem, formulation) not in _compiled:
        instance = compile(problem, formulation)
        room = MAX_COUPLINGS - instance.qubo.num_couplings
        while _compiled and sum(kept.qubo.num_couplings for kept, *_ in _compiled.values()) > room:
            del _compiled[next(iter(_compiled))]
        _compiled[problem, formulation] = instance, _digest(instance), features_of(instance)
    return _compiled[problem, formulation]


def _digest(instance: Instance) -> str:
    """Hash of what answers are judged by, from the arrays as they are now; hashes that it keeps may be old."""
    problem, qubo = instance.problem, instance.qubo
    header = {"network": problem.network.hash, "loss": problem.loss, "offset": qubo.offset}
    held_out = [array for array in (problem.test_inputs, problem.test_targets) if array is not None]
    energy = (qubo.linear, qubo.rows, qubo.cols, qubo.couplings)
    return content_hash("judge", header, problem.inputs, problem.targets, *held_out, *energy, *instance.decoder.arrays)


def _is_intact(instance: Instance, digest: str) -> bool:
    try:
        return _digest(instance) == digest
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  what is no instance any more can raise anything
        return False


def _sentence(error: BaseException, task: Task) -> str:
    sentence = f"the solver raised {told(error)}"
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EFBIG:
        return f"the run wrote more than the limit of {task.limits.file_gb:g} GB to one file, or printed as much."
    return f"{sentence} (a run may start {task.limits.processes} processes)" if code == errno.EAGAIN else sentence


@contextlib.contextmanager
def same_folder() -> Iterator[None]:
    """Come back to the working directory, which a solver may leave; one that was deleted or is hidden is left alone."""
    here = None
    with contextlib.suppress(OSError):
        here = os.open(".", os.O_RDONLY)
    try:
        yield
    finally:
        if here is not None:
            os.fchdir(here)
            os.close(here)
