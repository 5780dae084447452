"""The pool: workers that wait, each for the next run of its solver, with the solver's libraries loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

import psutil

from bnnbench.harness.worker_process import WorkerProcess
from bnnbench.spec import Spec

MAX_IDLE = 32
"""Workers that wait."""
MAX_SHARE = 0.25
"""Share of the machine's memory that they may hold together."""


def pool_key(solver: Spec) -> str:
    """Return the key of the workers of a solver: its name and parameters, numbers left out.

    What one solver leaves behind harms no other. A sweep over a number is one solver; texts name libraries, and inner
    solvers.
    """
    kept = {key: value for key, value in solver.parameters.items() if type(value) not in (int, float)}
    return Spec(solver.name, kept).canonical


@dataclass
class Pool:
    """Keep the workers that wait, those that have waited longest first; these end when there are too many.

    A worker that waits while another one runs is frozen, so that no thread of a library disturbs the run.

    Parameters
    ----------
    max_mib
        Memory that they may hold together, in MiB, without files that processes share; None: `MAX_SHARE` of all.
    """

    max_mib: float | None = None
    idle: list[WorkerProcess] = field(default_factory=list)

    def take(self, key: str) -> WorkerProcess | None:
        """Return the worker of a solver that waits for the shortest time, if any, and freeze the others."""
        alike = [worker for worker in self.idle if worker.key == key]
        chosen = None
        while alike and chosen is None:
            worker = alike.pop()
            self.idle.remove(worker)
            if worker.process.is_alive():  # what a solver left behind can end it later
                chosen = worker
            else:
                worker.stop()
        self._settle()
        if chosen is not None:
            chosen.thaw()
        return chosen

    def keep(self, worker: WorkerProcess) -> None:
        """Let a worker wait; it is frozen at the next start of a run of another."""
        self.idle.append(worker)

    def _settle(self) -> None:
        """Freeze all that wait, and end those that are too many."""
        awake = [worker for worker in self.idle if not worker.is_frozen]
        if not awake:
            return
        for worker in awake:
            worker.freeze()
        limit = MAX_SHARE * psutil.virtual_memory().total / 2**20 if self.max_mib is None else self.max_mib
        while len(self.idle) > MAX_IDLE or sum(worker.idle_mib for worker in self.idle) > limit:
            self.idle.pop(0).stop()
