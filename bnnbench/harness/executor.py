"""Where tasks run: worker processes on this machine, each with a pipe of its own."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from bnnbench.harness.outcome import Status
from bnnbench.harness.worker import Task, execute, start_worker


@dataclass(frozen=True)
class Ending:
    """How the process side of a task ended; None: it returned, and its spool says the rest."""

    status: Status | None
    message: str = ""


class LocalExecutor:
    """Lanes, each a pool of one process: a killed worker cannot poison a pipe that others share.

    Parameters
    ----------
    jobs
        Number of lanes.
    """

    def __init__(self, jobs: int) -> None:
        from pebble import ProcessPool

        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            context.set_forkserver_preload(["bnnbench.harness.worker", "dimod", "pyqubo"])
            _start_quietly()
        # Workers are renewed now and then: solvers' libraries leak.
        self._lanes = [
            ProcessPool(max_workers=1, max_tasks=1000, initializer=start_worker, context=context) for _ in range(jobs)
        ]
        self._free = list(range(jobs))
        self._done: queue.SimpleQueue[tuple[int, Task, Ending]] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop all workers at once; what they spooled stays."""
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join()

    @property
    def has_room(self) -> bool:
        """Whether a task can start now."""
        return bool(self._free)

    def submit(self, task: Task, wall_limit_s: float) -> None:
        """Start a task in a free lane; it is killed after `wall_limit_s` seconds."""
        lane = self._free.pop(0)
        future = self._lanes[lane].schedule(execute, args=(task,), timeout=wall_limit_s)
        future.add_done_callback(partial(self._finish, lane, task, wall_limit_s))

    def finished(self, wait_s: float) -> Iterator[tuple[Task, Ending]]:
        """Tasks that have ended: waits up to `wait_s` seconds for the first, never for others."""
        try:
            done = [self._done.get(timeout=wait_s)]
        except queue.Empty:
            return
        while True:
            try:
                done.append(self._done.get_nowait())
            except queue.Empty:
                break
        for lane, task, ending in done:
            self._free.append(lane)
            yield task, ending

    def _finish(self, lane: int, task: Task, wall_limit_s: float, future: Any) -> None:
        from pebble import ProcessExpired

        try:
            future.result()
            ending = Ending(None)
        except FutureTimeoutError:
            ending = Ending("timeout", f"the run was killed after {wall_limit_s:g} s of wall-clock time.")
        except ProcessExpired as error:
            ending = Ending("crash", f"the worker process died ({_death(error.exitcode)}).")
        except CancelledError:
            ending = Ending("error", "the run was canceled.")
        except Exception as error:  # noqa: BLE001  what a worker cannot even report must not end the campaign
            ending = Ending("error", f"the worker failed: {type(error).__name__}: {error}")
        self._done.put((lane, task, ending))


def _start_quietly() -> None:
    """Start the server that workers are forked from without a terminal to write to.

    What solvers print is kept per run; what is left is the last words of workers that are stopped while they start.
    """
    from multiprocessing import forkserver

    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        forkserver.ensure_running()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def _death(code: int | None) -> str:
    import signal

    if code is not None and code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"
