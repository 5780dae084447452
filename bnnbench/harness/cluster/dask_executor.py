"""An executor on the workers of a Dask cluster, each task in a process of its own there.

A task that is lost with its worker runs again on another one. Only the coordinator writes the store.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bnnbench.errors import InputError, StoreError, UnavailableError, restated
from bnnbench.harness.cluster.address import check_address
from bnnbench.harness.cluster.remote import (
    Answer,
    DifferenceError,
    close_lanes,
    differences,
    run_task,
    same,
    versions_here,
)
from bnnbench.harness.executor import Ending, Executor
from bnnbench.harness.machine import machine_info
from bnnbench.harness.task import Task
from bnnbench.spec import Spec

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT_S = 60.0
"""Seconds to wait for the first worker of a scheduler that runs."""
ASK_S = 2.0
"""Seconds between two questions for the first worker."""
MAX_LOSSES = 3
"""Times that a task is handed to the cluster again after Dask has given it up, which it does at the fourth loss."""
QUEUED = 2
"""Tasks per thread that are with the cluster, so that no worker waits for the coordinator."""
KEPT = 100
"""Problems that the cluster keeps."""


class DaskExecutor(Executor):
    """Workers of a Dask scheduler; its threads are the lanes.

    Parameters
    ----------
    address
        Such as ``tcp://10.0.0.1:8786``, or a cluster object.
    solvers
        What will run; workers need the same versions.
    security
        `distributed.Security` for ``tls://`` addresses; None: as Dask's own configuration says.
    wait_s
        Seconds to wait for the first worker, and for another one when all are lost.
    threads
        Most threads that a run uses.
    on_wait
        Told every few seconds for how many seconds no worker has been there; may raise.

    Raises
    ------
    UnavailableError
        If Dask is not installed, or nothing answers.
    InputError
        If a worker has other versions than this process.
    """

    def __init__(
        self,
        address: Any,
        solvers: Mapping[Spec, None] | list[Spec],
        *,
        security: Any = None,
        wait_s: float = WAIT_S,
        threads: int = 1,
        on_wait: Callable[[float], None] = lambda _waited_s: None,
    ) -> None:
        advice = "); in a checkout run: pip install -e '.[distributed]'."
        with restated(UnavailableError, "--dask needs Dask (", advice, ImportError):
            from distributed import Client
        self._address = getattr(address, "scheduler_address", address)
        self._versions = {solver: versions_here(solver) for solver in solvers}
        self._campaign = uuid4().hex
        self._problems: dict[str, Future] = {}
        self._running: dict[Future, Task] = {}
        self._losses: Counter[Path] = Counter()
        self._threads, self._asked, self._submitted, self._run_threads = 0, 0.0, 0, threads
        self._wait_s, self._worked, self._on_wait = wait_s, perf_counter(), on_wait
        try:
            if isinstance(address, str):
                check_address(address)
            self._client: Client = Client(address, security=security, set_as_default=False, timeout=WAIT_S / 4)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise UnavailableError(
                f"no Dask scheduler answers at {address} ({_text(error)}); start one with `dask scheduler`, and give "
                "the address that it prints."
            ) from error
        try:
            self._wait()
            self._compare()
        except BaseException:
            self._client.close()
            raise

    def close(self) -> None:
        """Kill what still runs, and leave the cluster as it was."""
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing to be told
            self._client.cancel(list(self._running))
            self._client.run(close_lanes, self._campaign, on_error="ignore")
        self._running.clear()
        self._client.close()

    @property
    def has_room(self) -> bool:
        """Return whether the cluster has fewer tasks than keep all its threads busy.

        Raises
        ------
        UnavailableError
            If the scheduler is lost, or has had no worker for too long.
        """
        if perf_counter() - self._asked > 1:
            with _lost(self._address):
                before, self._asked = self._threads, perf_counter()
                self._threads = sum(self._client.nthreads().values())
            if self._threads > before > 0:  # others have joined
                self.is_timed = self.is_timed and self._are_apart()
            self._worked = self._asked if self._threads else self._worked
            if not self._threads:
                self._on_wait(self._asked - self._worked)
            if self._asked - self._worked > self._wait_s:
                raise UnavailableError(
                    f"the Dask scheduler at {self._address} has had no worker for {self._wait_s:g} s; start some with "
                    "`dask worker`. Finished runs are kept, and the same command goes on from here."
                )
        return len(self._running) < max(1, QUEUED * self._threads)

    def submit(self, task: Task) -> None:
        """Hand a task to the cluster."""
        names = [field.name for field in dataclasses.fields(task) if field.name not in ("problem", "journal")]
        fields = {name: getattr(task, name) for name in names}
        self._submitted += 1  # Dask would run what comes quickly in any order
        with _lost(self._address):
            problem = self._problems.pop(task.problem.hash, None) or self._client.submit(
                same, task.problem, key=f"bnnbench-problem-{task.problem.hash}"
            )
            self._problems[task.problem.hash] = problem  # the youngest
            for old in list(self._problems)[:-KEPT]:
                del self._problems[old]
            versions = self._versions[task.solver.spec]
            future = self._client.submit(
                run_task, problem, fields, versions, self._campaign, pure=False, priority=-self._submitted
            )
        self._running[future] = task

    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Yield tasks that have ended, with their journals in place; see `Executor.finished`.

        Raises
        ------
        InputError
            If a worker that joined late has other versions than this process.
        UnavailableError
            If the scheduler is lost.
        """
        from distributed import wait

        with _lost(self._address), contextlib.suppress(TimeoutError), self._client.as_current():
            wait(list(self._running), timeout=wait_s, return_when="FIRST_COMPLETED")
        done = [future for future in self._running if future.done()]
        for future in sorted(done, key=lambda future: str(future.status) == "error"):  # what raises comes last
            task = self._running.pop(future)
            if str(future.status) == "error" and self._is_lost(future) and self._losses[task.journal] < MAX_LOSSES:
                self._losses[task.journal] += 1
                self.submit(task)
                continue
            yield task, self._ending(future, task)
            future.release()

    def _is_lost(self, future: Future) -> bool:
        """Return whether Dask gave a task up because workers were lost that had it, or had it in their queue."""
        from distributed import KilledWorker

        with _lost(self._address):
            return isinstance(future.exception(), KilledWorker)

    def _ending(self, future: Future, task: Task) -> Ending:
        from distributed import KilledWorker

        with _lost(self._address):
            try:
                answer: Answer = future.result()
            except DifferenceError as error:
                raise InputError(f"a Dask worker differs: {error}; install the same versions on it.") from error
            except KilledWorker:
                return Ending("crash", "each Dask worker that had the run was lost; see the logs of the workers.")
            except MemoryError:
                return Ending("memory", "the Dask worker had no memory left for the run.")
            except (StoreError, UnavailableError) as error:
                text = str(error).removesuffix(".")
                raise UnavailableError(f"a Dask worker can run nothing: {text}; see to its machine.") from error
            except Exception as error:
                if type(error).__module__.partition(".")[0] in ("distributed", "asyncio", "concurrent", "dask"):
                    raise
                return Ending("crash", f"the Dask worker could not run it: {_text(error)}.")
        task.journal.write_bytes(answer.journal)
        return answer.ending

    def _wait(self) -> None:
        """Wait for the first worker."""
        while True:
            waited_s = perf_counter() - self._worked
            try:
                with _lost(self._address):
                    self._client.wait_for_workers(1, timeout=max(0.1, min(ASK_S, self._wait_s - waited_s)))
            except TimeoutError as error:
                self._on_wait(perf_counter() - self._worked)
                if perf_counter() - self._worked < self._wait_s:
                    continue
                raise UnavailableError(
                    f"the Dask scheduler at {self._address} had no worker for {self._wait_s:g} s; start some with "
                    "`dask worker`."
                ) from error
            return

    def _compare(self) -> None:
        """Refuse workers of other versions; find out whether their threads share cores."""
        with _lost(self._address):
            found = self._client.run(differences, list(self._versions.items()), on_error="return")
        for address, parts in found.items():
            if isinstance(parts, Exception):
                raise InputError(f"the Dask worker {address} cannot run bnnbench: {_text(parts)}; install it there.")
            if parts:
                raise InputError(
                    f"the Dask worker {address} differs from this process: {'; '.join(parts)}; install the same "
                    "versions on both, so that a run does not depend on where it happened."
                )
        self.is_timed = self._are_apart()

    def _are_apart(self) -> bool:
        """Return whether the workers' machines have a core for each thread that their runs may use at a time."""
        with _lost(self._address):
            machines = self._client.run(machine_info, on_error="return")
            threads = self._client.nthreads()
        cores: dict[str, int] = {}
        used: dict[str, int] = defaultdict(int)
        for address, info in machines.items():
            host = address.rpartition(":")[0]
            # Of a worker that was lost meanwhile nothing is known.
            cores[host] = 1 if isinstance(info, Exception) else info.get("physical_cores") or 1
            used[host] += threads.get(address, 1) * self._run_threads
        return all(used[host] <= number for host, number in cores.items())


@contextlib.contextmanager
def _lost(address: Any) -> Iterator[None]:
    """Turn what Dask raises when its scheduler is gone into a sentence."""
    from asyncio import CancelledError as AsyncCancelledError
    from concurrent.futures import CancelledError

    from distributed.comm import CommClosedError

    try:
        yield
    except (CommClosedError, CancelledError, AsyncCancelledError, OSError, RuntimeError) as error:
        if isinstance(error, TimeoutError):
            raise
        is_canceled = isinstance(error, (CancelledError, AsyncCancelledError))  # of which Dask tells nothing but names
        reason = "" if is_canceled else f" ({_text(error)})"
        raise UnavailableError(
            f"the Dask scheduler at {address} was lost{reason}; finished runs are kept, and the same command goes on "
            "from here."
        ) from error


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")[:300]
