"""A Dask cluster whose workers are SLURM jobs, as the suite file asks for them."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError, UnavailableError, restated
from bnnbench.harness.cluster.slurm_queue import ANSWER_S

if TYPE_CHECKING:
    from bnnbench.suite.file import SlurmTable


def slurm_cluster(table: SlurmTable, **options: Any) -> Any:
    """Start a scheduler here and submit the jobs; each has a worker of one thread per core, so that runs are apart.

    Returns
    -------
    dask_jobqueue.SLURMCluster
        Close it to end the jobs. `options` go to it as they are.

    Raises
    ------
    UnavailableError
        If dask-jobqueue is not installed, or SLURM does not take the jobs.
    """
    advice = "); run in the checkout: pip install -e '.[distributed]'."
    with restated(UnavailableError, "--slurm needs Dask and dask-jobqueue (", advice, ImportError):
        from dask_jobqueue import SLURMCluster
        from dask_jobqueue.slurm import SLURMJob
        from distributed.core import Status

    class Job(SLURMJob):  # type: ignore[misc]
        """A job whose commands end; dask-jobqueue would wait for them for ever."""

        submit_command = f"timeout {ANSWER_S} {SLURMJob.submit_command}"
        cancel_command = f"timeout {ANSWER_S} {SLURMJob.cancel_command}"

        async def close(self) -> None:
            await super().close()
            self.status = Status.closed  # dask-jobqueue leaves it open, and the cluster then does not close

    if shutil.which("sbatch") is None:
        raise UnavailableError("--slurm: there is no sbatch on this machine; log in where jobs are submitted.")
    with (
        restated(InputError, "[slurm]: ", "; see docs/clusters.md for its keys.", ValueError, TypeError),
        restated(UnavailableError, "SLURM did not take the jobs: ", ".", OSError, RuntimeError),
    ):
        cluster = SLURMCluster(
            job_cls=Job,
            cores=table.cores,
            processes=table.cores,
            memory=table.memory,
            walltime=table.walltime,
            queue=table.queue,
            account=table.account,
            job_extra_directives=list(table.directives),
            job_script_prologue=list(table.prologue),
            interface=table.interface,
            scheduler_options={"dashboard_address": ":0"},  # the usual port may be another cluster's
            **options,
        )
    try:
        cluster.sync(_submit, cluster, table.jobs)
        cluster.adapt(minimum_jobs=table.jobs, maximum_jobs=table.jobs)  # a job that ends is submitted again
    except BaseException as error:
        with contextlib.suppress(Exception):  # it is the refusal that matters
            _forget_refused(cluster)
            cluster.close(timeout=30)
        if isinstance(error, (OSError, RuntimeError, ValueError)):
            raise UnavailableError(
                f"SLURM did not take the jobs: {_reason(error)}; see docs/clusters.md for account and queue."
            ) from error
        raise
    return cluster


async def _submit(cluster: Any, jobs: int) -> None:
    """Submit the jobs; what `scale` and `adapt` do likewise, but where a refusal is logged and not raised."""
    while len(cluster.worker_spec) < jobs:
        cluster.worker_spec.update(cluster.new_worker_spec())
    await cluster._correct_state()  # noqa: SLF001


def _forget_refused(cluster: Any) -> None:
    """Leave the cluster the jobs that SLURM took, which it can cancel."""
    for name, job in list(cluster.workers.items()):
        if getattr(job, "job_id", None) is None:
            del cluster.workers[name]
            cluster._created.discard(job)  # noqa: SLF001


def _reason(error: Exception) -> str:
    """Return what `sbatch` said; dask-jobqueue puts it below the command and its exit code."""
    text = str(error)
    if re.search(r"^Exit code: 124$", text, re.MULTILINE):
        return f"sbatch did not answer within {ANSWER_S} s"
    if isinstance(error, ValueError):
        undecoded = error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else None
        said = text.partition("output is:")[2] if undecoded is None else undecoded
        return f"sbatch named no job but said {' '.join(said.split())[:200]!r}, so look whether `squeue --me` has some"
    _, _, said = text.partition("stderr:")
    return " ".join((said or text).split()).rstrip(".")
