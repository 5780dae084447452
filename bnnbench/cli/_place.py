"""The place of a campaign: this machine, a Dask cluster, or SLURM jobs."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnnbench.cli._screen import open_screen
from bnnbench.errors import InputError
from bnnbench.harness.executor import Executor, LocalExecutor
from bnnbench.harness.isolation.placement import lanes_apart
from bnnbench.suite.planning import Plan

NAME = r"[^\s#]+"
"""Of an account or a queue; what follows would be a line of its own in the job's script."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place, as the command line names it.

    Parameters
    ----------
    jobs
        Number of runs at a time on this machine; 0: as many as there are cores for.
    dask
        Address of a scheduler.
    slurm
        Whether to start SLURM jobs.
    account, queue
        Of the jobs; None: as the suite says.
    tls
        Files of the authority, the certificate and the key.
    untimed
        Whether runs may share cores.
    """

    jobs: int
    dask: str | None
    slurm: bool
    account: str | None = None
    queue: str | None = None
    tls: tuple[Path, Path, Path] | None
    untimed: bool

    def __post_init__(self) -> None:
        is_cluster = self.slurm or self.dask is not None
        if self.jobs != 1 and is_cluster:
            raise InputError(
                "--jobs is for this machine, and --dask and --slurm have a number of their own; leave it out."
            )
        if self.dask is not None and self.slurm:
            raise InputError("--dask uses a cluster that runs, and --slurm starts one; give one of them.")
        if self.tls and not is_cluster:
            raise InputError("--tls is for connections to a cluster; give --dask or --slurm too.")
        for name, value in {"--account": self.account, "--queue": self.queue}.items():
            if value is not None and not self.slurm:
                raise InputError(f"{name} is for SLURM jobs, but {value!r} came without --slurm; give that too.")
            if value is not None and not re.fullmatch(NAME, value):
                raise InputError(f"{name} must be a name without blanks, but {value!r} came; ask the cluster's guide.")
        if self.dask == "":
            raise InputError("--dask: the address is empty; give the one that `dask scheduler` prints.")

    def check(self, planned: Plan) -> None:
        """Raise `InputError` if this machine has too few cores for the jobs."""
        if not self.untimed:
            lanes_apart(self.jobs, planned.threads)

    def runs_at_a_time(self, planned: Plan) -> int | None:
        """Return the number of runs at a time; None: the scheduler's, which nobody knows before it is asked."""
        if self.slurm:
            return planned.suite.slurm.jobs * planned.suite.slurm.cores
        return None if self.dask else self._num_jobs(planned)

    def _num_jobs(self, planned: Plan) -> int:
        return self.jobs or len(lanes_apart(0, planned.threads))

    @contextlib.contextmanager
    def executor(self, planned: Plan) -> Iterator[Executor]:
        """Open the workers; SLURM jobs end with the campaign."""
        if self.dask is None and not self.slurm:
            yield LocalExecutor(self._num_jobs(planned) if self.untimed else lanes_apart(self.jobs, planned.threads))
            return
        from bnnbench.harness.cluster.address import tls_security  # Dask is an extra
        from bnnbench.harness.cluster.slurm import slurm_cluster
        from bnnbench.harness.cluster.slurm_queue import Queue

        security = tls_security(*self.tls) if self.tls else None
        if self.dask is not None:
            yield self._dask_executor(planned, self.dask, security)
            return
        given = {name: value for name, value in (("account", self.account), ("queue", self.queue)) if value}
        table = planned.suite.slurm.model_copy(update=given)
        say = open_screen(stderr=True).say
        say(f"submitting to SLURM: {table.jobs} {'job' if table.jobs == 1 else 'jobs'}")
        with slurm_cluster(table, **({"security": security} if self.tls else {})) as cluster:
            say(f"waiting for SLURM; the scheduler is {cluster.scheduler_address}")
            yield self._dask_executor(planned, cluster, security, on_wait=Queue(cluster, say).look)

    def _dask_executor(
        self, planned: Plan, cluster: Any, security: Any, on_wait: Callable[[float], None] = lambda _waited_s: None
    ) -> Executor:
        from bnnbench.harness.cluster.dask_executor import WAIT_S, DaskExecutor  # Dask is an extra

        solvers = list({str(solver.spec): solver.spec for _, solver in planned.pairs}.values())
        wait_s = WAIT_S if self.dask else math.inf
        executor = DaskExecutor(
            cluster, solvers, security=security, wait_s=wait_s, threads=planned.threads, on_wait=on_wait
        )
        if self.untimed:
            executor.is_timed = False
        elif not executor.is_timed:
            open_screen(stderr=True).say(
                "the Dask workers have more threads than cores: runs share cores, and their times are marked; start "
                "workers with --nthreads 1, as many as cores."
            )
        return executor
