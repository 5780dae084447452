"""What happens on a Dask worker: one task at a time per thread, in a killable process of its own, as on one machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bnnbench.errors import StoreError
from bnnbench.harness.executor import Ending, LocalExecutor
from bnnbench.harness.journal import tail_of
from bnnbench.harness.machine import machine_info
from bnnbench.harness.worker import Task
from bnnbench.plugins.registry import file_hash, load_solver
from bnnbench.problem.problem import Problem
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


def versions_here(solver: Spec) -> dict[str, str | None]:
    """Versions that decide the answers of a solver, by distribution; of a file its hash, of bnnbench the commit too."""
    try:
        return _versions(solver, file_hash(solver.name))  # a file can change while a worker of a cluster lives
    except OSError as error:
        return {solver.name: f"{type(error).__name__}: {error.strerror}"}


@cache
def _versions(solver: Spec, digest: str | None) -> dict[str, str | None]:
    info = machine_info()
    python = ".".join(str(info["python"]).split(".")[:2])
    versions: dict[str, str | None] = {"bnnbench": info["bnnbench"], "commit": info["commit"], "Python": python}
    try:
        return versions | load_solver(solver).versions | {"file": digest}
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
    problem: Problem, fields: Mapping[str, Any], wall_limit_s: float, versions: Mapping[str, str | None], campaign: str
) -> Answer:
    """Run a task in a process of its own.

    Parameters
    ----------
    fields
        Of the `Task`, but for its problem and its paths.
    campaign
        That it belongs to, see `close_lanes`.

    Raises
    ------
    DifferenceError
        If this worker, which may have joined late, has other versions than `versions`.
    """
    if found := differences([(fields["solver"], versions)]):
        raise DifferenceError("; ".join(found))
    executor = _lane(campaign)
    with _folder() as folder:
        spool, log = Path(folder) / "spool", Path(folder) / "log"
        executor.submit(Task(problem=problem, spool=spool, log=log, **fields), wall_limit_s)
        while True:
            for _, ending in executor.finished(wait_s=1.0):
                return Answer(ending, _content(spool), tail_of(log).encode(errors="replace"), machine_info())


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """A folder for a run, where Dask keeps what is its worker's, so that it goes with the worker."""
    from distributed import get_worker

    try:
        place: str | None = get_worker().local_directory
    except ValueError:  # not in a worker
        place = None
    try:
        folder = tempfile.TemporaryDirectory(prefix="bnnbench-", dir=place)
    except OSError as error:
        raise StoreError(f"{place or tempfile.gettempdir()} cannot be written: {error.strerror}") from error
    with folder as name:
        yield name


def close_lanes(campaign: str) -> None:
    """Kill what runs here for a campaign; nobody waits for it any more. Others may use the same cluster."""
    with _changing:
        closed = [_lanes.pop(key) for key in list(_lanes) if key[1] == campaign]
    for executor in closed:
        executor.__exit__()


_lanes: dict[tuple[int, str], LocalExecutor] = {}
_changing = threading.Lock()
KEPT = 2
"""Lanes of a thread; those of campaigns that were killed are never closed by them."""


def _lane(campaign: str) -> LocalExecutor:
    """The lane of this thread for a campaign; Dask gives each thread one task at a time."""
    thread = threading.get_ident()
    with _changing:
        lane = _lanes.pop((thread, campaign), None)
        if lane is None:
            # Dask's nanny marks its workers as daemons, which may not have children. These end with it by themselves.
            multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # noqa: SLF001
            lane = LocalExecutor()
        _lanes[thread, campaign] = lane  # the youngest
        old = [_lanes.pop(key) for key in [key for key in _lanes if key[0] == thread][:-KEPT]]
    for executor in old:
        executor.__exit__()
    return lane


def _content(path: Path) -> bytes:
    """What a spool holds; its worker took the secrets of this machine out, which the coordinator does not know."""
    return path.read_bytes() if path.is_file() else b""
