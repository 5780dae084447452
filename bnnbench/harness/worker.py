"""What happens in a worker process: one run, under limits, with everything it learns spooled as it comes."""

from __future__ import annotations

import contextlib
import errno
import math
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from bnnbench.errors import BnnbenchError, InputError, RefusedError, UnavailableError, stack_of, told
from bnnbench.harness.isolation.confinement import confined, kill_children, stand_back, tie_to
from bnnbench.harness.isolation.placement import THREAD_LIMITS
from bnnbench.harness.isolation.resources import load, peak_memory_mib, reset_peak_memory
from bnnbench.harness.journal import FULL, DiskError, EndLine, EstimateLine, Spool, StartLine, disk_errors
from bnnbench.hashing import content_hash
from bnnbench.plugins.registry import file_hash, load_solver
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance, compile  # noqa: A004
from bnnbench.redaction import redacted
from bnnbench.runs.features import features_of
from bnnbench.runs.loop import measure
from bnnbench.runs.outcome import Status
from bnnbench.runs.speed_probe import EVERY_S, sing
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec


@dataclass(frozen=True)
class Task:
    """A cell as it is sent to a worker."""

    problem: Problem
    formulation: Formulation
    solver: Spec
    seed: int
    budget: Budget
    target: Target
    spool: Path
    log: Path
    memory_gb: float
    file_gb: float
    processes: int
    file: str | None = None
    """Hash of the solver's file; None: it is no file."""
    qpu_left_s: float | None = None
    """What the campaign may still use of a QPU; None: there is no limit."""


READY, DONE, LAST, DISK = b"ready", b"done", b"last", b"disk:"
"""What a worker says: it begins with a task; it is done with it; it is done and ends; it cannot write what it has."""
MAX_WORD = 1000
"""Bytes of what a worker says about a disk."""
MAX_TASKS = 1000
"""Tasks after which a worker is replaced: solvers' libraries leak."""


def serve(pipe: Connection, processors: Sequence[int] | None = None) -> None:
    """Work in a process of its own, on some processors: run the tasks that come, and say when each begins and ends.

    Interrupts are the coordinator's business, numerical libraries get one thread. The process leads a group of its own,
    so that whatever a solver starts can be found and killed.
    """
    import signal
    import threading

    os.setsid()
    stand_back()
    if (coordinator := multiprocessing.parent_process()) is not None:
        tie_to(coordinator.sentinel)
    os.set_inheritable(pipe.fileno(), False)  # noqa: FBT003  so that it closes when a solver becomes another program
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    if processors is not None:
        os.sched_setaffinity(0, processors)
    threading.Thread(target=_leave_with_coordinator, daemon=True).start()
    owner, clock = os.getpid(), CanaryClock()
    with contextlib.suppress(EOFError, OSError):  # the coordinator is gone
        for number in range(1, MAX_TASKS + 1):
            task = pipe.recv()
            pipe.send_bytes(READY)
            try:
                is_sane = execute(task, processors, clock)
            except DiskError as error:
                pipe.send_bytes(DISK + str(error).encode(errors="replace")[:MAX_WORD])
                break
            if os.getpid() != owner:
                os._exit(1)  # a solver forked, and its child came back from there
            is_sane = _kill_children() and is_sane
            pipe.send_bytes(DONE if is_sane and number < MAX_TASKS else LAST)


def _leave_with_coordinator() -> None:
    """A run does not notice that nobody waits for it any more; a thread does, and ends all that the solver started."""
    import signal

    coordinator = multiprocessing.parent_process()
    if coordinator is not None:
        coordinator.join()
        os.killpg(0, signal.SIGKILL)


def _kill_children() -> bool:
    """End the processes that a run left behind, which would slow down the next one; whether none is left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass  # one that had ended
    except ChildProcessError:
        return True  # the usual case; to look for children is to read the whole process table
    return kill_children(os.getpid())


def execute(task: Task, processors: Sequence[int] | None, clock: CanaryClock) -> bool:
    """Run one task; all that becomes known is in its spool. Returns whether the process is fit for another."""
    is_sane = True
    with _output_to(task.log), same_folder(), contextlib.closing(Spool(task.spool)) as spool:
        clock.sing_if_due(spool)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        spool.write(StartLine(now, load(), None if processors is None else list(processors)))
        reset_peak_memory()
        try:
            with confined(task.memory_gb, task.file_gb, task.processes):
                _measure(task, spool)
        except MemoryError:
            _end(spool, "memory", f"the run needed more than the limit of {task.memory_gb:g} GB of memory.")
        except _ChangedError:
            is_sane = False
            message = "the solver changed the instance that it was given; its answers cannot be judged."
            spool.write(EndLine("error", message, {}, is_void=True))
        except DiskError:
            raise
        except BnnbenchError as error:
            _end(spool, _status(error), str(error))
        except BaseException as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise DiskError(
                    f"{task.log.parent}, or where the solver writes, has no room: {error.strerror}"
                ) from error
            sys.stderr.write(stack_of(error))
            _end(spool, "error", _sentence(error, task))
        clock.sing_if_due(spool)
    return is_sane


@dataclass
class CanaryClock:
    """When a worker last measured its machine."""

    last: float = -math.inf

    def sing_if_due(self, spool: Spool) -> None:
        """Measure, and note it with the run that is at hand."""
        if perf_counter() - self.last >= EVERY_S:
            spool.write(sing())
            self.last = perf_counter()


class _ChangedError(Exception):
    """A solver changed the instance that it was given, and that its answers are judged by."""


def _measure(task: Task, spool: Spool) -> None:
    instance, digest = _compile(task.problem, task.formulation)
    spool.write(features_of(instance))
    _check_file(task.solver.name, task.file)
    solver = load_solver(task.solver)
    reason = solver.unavailable()
    if reason:
        _end(spool, "unavailable", reason)
        return
    try:
        outcome = measure(
            instance,
            solver,
            task.target,
            budget=task.budget,
            seed=task.seed,
            record=spool.write,
            allow=None if task.qpu_left_s is None else partial(_allow, spool, task.qpu_left_s),
        )
    finally:
        if not _is_intact(instance, digest):
            raise _ChangedError
    _end(
        spool,
        outcome.status,
        outcome.message,
        compile_s=outcome.compile_s,
        prepare_s=outcome.prepare_s,
        sample_s=outcome.sample_s,
        judge_s=outcome.judge_s,
        cpu_s=outcome.cpu_s,
    )


def _allow(spool: Spool, left_s: float, estimate_s: float) -> None:
    """Note an estimate, or stop the run; as `unavailable`, since a larger limit lets it run."""
    if estimate_s > left_s:
        raise UnavailableError(
            f"the run takes about {estimate_s:.3g} s of QPU access, but {max(0.0, left_s):.3g} s are left of "
            "--max-qpu-seconds; nothing was submitted. Give more, and the same command runs it."
        )
    spool.write(EstimateLine(estimate_s))


@cache
def _check_file(name: str, digest: str | None) -> None:
    """Raise `InputError` if a solver's file is not what was planned; asked before it is loaded, which happens once."""
    if Path(name).is_file() and file_hash(name) != digest:
        raise InputError(
            f"{Path(name).name} was changed after the campaign had begun, and this worker, which is new, would load "
            "the other version; run the same command again, for rows of their own."
        )


@lru_cache(maxsize=4)
def _compile(problem: Problem, formulation: Formulation) -> tuple[Instance, str]:
    """Instance and its digest; cells of one instance come one after another, so that a few instances are enough."""
    instance = compile(problem, formulation)
    return instance, _digest(instance)


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


def _end(spool: Spool, status: Status, message: str, **timings: float | None) -> None:
    spool.write(EndLine(status, redacted(message), timings | {"peak_mib": peak_memory_mib()}, load=load()))


def _status(error: BnnbenchError) -> Status:
    """What a solver finds out late, in `prepare` or `sample`, is the same as what it says at once."""
    if isinstance(error, RefusedError):
        return "refused"
    return "unavailable" if isinstance(error, UnavailableError) else "error"


def _sentence(error: BaseException, task: Task) -> str:
    sentence = f"the solver raised {told(error)}"
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EFBIG:
        return f"the run wrote more than the limit of {task.file_gb:g} GB to one file, or printed more than that."
    return f"{sentence} (a run may start {task.processes} processes)" if code == errno.EAGAIN else sentence


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send all that the solver prints, native code included, to a file; what is printed must not tear the tables."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with disk_errors(path), path.open("wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in enumerate(saved, start=1):
            os.dup2(copy, number)
            os.close(copy)


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
