"""The work of a Dask worker: one task at a time per thread, in a killable process of its own, as on one machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from bnnbench.errors import BnnbenchError, StoreError, blaming
from bnnbench.harness.executor import Ending, LocalExecutor
from bnnbench.harness.machine import machine_info
from bnnbench.harness.task import Task
from bnnbench.plugins.entries import file_hash
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.spec import Spec


@dataclass(frozen=True)
class Answer:
    """Carry back how the process of a task ended, and its journal."""

    ending: Ending
    journal: bytes


class DifferenceError(Exception):
    """A worker has other versions than the coordinator."""


def versions_here(solver: Spec) -> dict[str, str | None]:
    """Return the versions that decide a solver's answers, by distribution; files' hashes, and bnnbench's commit too."""
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
        with blaming(f"solver {solver.name} raised"):
            return versions | load_solver(solver).versions | {"file": digest}
    except BnnbenchError as error:  # whatever keeps a solver from loading is a difference
        return versions | {solver.name: str(error).removesuffix(".")}


def differences(solvers: Sequence[tuple[Spec, Mapping[str, str | None]]]) -> list[str]:
    """Return the differences between this process and the coordinator, a sentence's part each."""
    found: list[str] = []
    for solver, expected in solvers:
        here = versions_here(solver)
        differing = [name for name in sorted({*expected, *here}) if here.get(name) != expected.get(name)]
        found += [f"{name} is {here.get(name)} there and {expected.get(name)} here" for name in differing]
    return list(dict.fromkeys(found))


def same(value: Any) -> Any:
    """Return the value itself: as a task, it is shipped once per worker, and again when a worker is lost."""
    return value


def run_task(problem: Problem, fields: Mapping[str, Any], versions: Mapping[str, str | None], campaign: str) -> Answer:
    """Run a task in a process of its own.

    Parameters
    ----------
    fields
        Of the `Task`, but for its problem and its journal.
    campaign
        That it belongs to, see `close_lanes`.

    Raises
    ------
    DifferenceError
        If this worker, which may have joined late, has other versions than `versions`.
    """
    if found := differences([(fields["solver"].spec, versions)]):
        raise DifferenceError("; ".join(found))
    executor = lanes_here().of(campaign)
    with _folder() as folder:
        journal = Path(folder) / "journal"
        executor.submit(Task(problem=problem, journal=journal, **fields))
        while True:
            for _, ending in executor.finished(wait_s=1.0):
                # The secrets of this machine were taken out here; the coordinator does not know them.
                content = journal.read_bytes() if journal.is_file() else b""
                return Answer(replace(ending, machine=machine_info()), content)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """Make a folder for a run where Dask keeps what is its worker's, so that it goes with the worker."""
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


class Lanes:
    """Hold the executors of a process: one for each of its threads and each campaign."""

    MAX_PER_THREAD = 2
    """Executors of campaigns that were killed are never closed by them."""

    def __init__(self) -> None:
        self._executors: dict[tuple[int, str], LocalExecutor] = {}
        self._changing = threading.Lock()

    @property
    def campaigns(self) -> list[str]:
        """Return the campaigns that have executors here, those used last at the end."""
        return [campaign for _, campaign in self._executors]

    def of(self, campaign: str) -> LocalExecutor:
        """Return the executor of this thread for a campaign; Dask gives each thread one task at a time."""
        thread = threading.get_ident()
        with self._changing:
            lane = self._executors.pop((thread, campaign), None)
            if lane is None:
                # Dask's nanny marks its workers as daemons, which may not have children. These end with it themselves.
                multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # noqa: SLF001
                lane = LocalExecutor()
            self._executors[thread, campaign] = lane  # the youngest
            mine = [key for key in self._executors if key[0] == thread]
            old = [self._executors.pop(key) for key in mine[: -self.MAX_PER_THREAD]]
        for executor in old:
            executor.close()
        return lane

    def close(self, campaign: str) -> None:
        """Kill what runs here for a campaign; nobody waits for it any more."""
        with self._changing:
            closed = [self._executors.pop(key) for key in list(self._executors) if key[1] == campaign]
        for executor in closed:
            executor.close()


@cache
def lanes_here() -> Lanes:
    """Return the executors of this process."""
    return Lanes()


def close_lanes(campaign: str) -> None:
    """Kill what runs on this machine for a campaign; others may use the same cluster."""
    lanes_here().close(campaign)
