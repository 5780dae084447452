"""What happens on a Dask worker: one task at a time per thread, in a killable process of its own, as on one machine."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bnnbench.harness.executor import Ending, LocalExecutor
from bnnbench.harness.worker import Task
from bnnbench.problem import Problem
from bnnbench.provenance import machine_info
from bnnbench.redaction import redacted
from bnnbench.registry import file_hash, load_solver
from bnnbench.spec import Spec


@dataclass(frozen=True)
class Answer:
    """What comes back of a task: how its process ended, what it spooled and printed, and on what machine that was."""

    ending: Ending
    spool: bytes
    log: bytes
    machine: Mapping[str, Any]


class DifferenceError(Exception):
    """A worker has other versions than the coordinator."""


@cache
def versions_here(solver: Spec) -> dict[str, str | None]:
    """Versions that decide the answers of a solver, by distribution; of a file its hash, of bnnbench the commit too."""
    info = machine_info()
    python = ".".join(str(info["python"]).split(".")[:2])
    versions: dict[str, str | None] = {"bnnbench": info["bnnbench"], "commit": info["commit"], "Python": python}
    try:
        return versions | load_solver(solver).versions | {"file": file_hash(solver.name)}
    except Exception as error:  # noqa: BLE001  whatever keeps a solver from loading is a difference
        return versions | {solver.name: f"{type(error).__name__}: {error}"}


def differences(solvers: Sequence[tuple[Spec, Mapping[str, str | None]]]) -> list[str]:
    """How this process differs from what a coordinator has, a sentence's part each."""
    found: list[str] = []
    for solver, expected in solvers:
        here = versions_here(solver)
        differing = [name for name in sorted({*expected, *here}) if here.get(name) != expected.get(name)]
        found += [f"{name} is {here.get(name)} there and {expected.get(name)} here" for name in differing]
    return list(dict.fromkeys(found))


def same(value: Any) -> Any:
    """The value itself: as a task, it is shipped once per worker, and again when a worker is lost."""
    return value


def run_task(
    problem: Problem, fields: Mapping[str, Any], wall_limit_s: float, versions: Mapping[str, str | None]
) -> Answer:
    """Run a task in a process of its own.

    Parameters
    ----------
    fields
        Of the `Task`, but for its problem and its paths.

    Raises
    ------
    DifferenceError
        If this worker, which may have joined late, has other versions than `versions`.
    """
    if found := differences([(fields["solver"], versions)]):
        raise DifferenceError("; ".join(found))
    executor = _lane()
    with tempfile.TemporaryDirectory(prefix="bnnbench-") as folder:
        spool, log = Path(folder) / "spool", Path(folder) / "log"
        executor.submit(Task(problem=problem, spool=spool, log=log, **fields), wall_limit_s)
        while True:
            for _, ending in executor.finished(wait_s=1.0):
                return Answer(ending, _content(spool), _content(log), machine_info())


def close_lanes() -> None:
    """Kill what runs here; nobody waits for it any more."""
    for executor in _lanes:
        executor.__exit__()


_of_thread = threading.local()
_lanes: list[LocalExecutor] = []
_starting = threading.Lock()


def _lane() -> LocalExecutor:
    """The lane of this thread; Dask gives each thread one task at a time."""
    if not hasattr(_of_thread, "lane"):
        with _starting:
            # Dask's nanny marks its workers as daemons, which may not have children. These end with it by themselves.
            multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # noqa: SLF001
            _of_thread.lane = LocalExecutor()
            _lanes.append(_of_thread.lane)
    lane: LocalExecutor = _of_thread.lane
    return lane


def _content(path: Path) -> bytes:
    """What a file holds, without the secrets of this machine, which the coordinator does not know."""
    return redacted(path.read_text(encoding="utf-8", errors="replace")).encode() if path.is_file() else b""
