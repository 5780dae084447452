"""The queue of SLURM, while no job of a campaign has begun."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bnnbench.errors import UnavailableError

ANSWER_S = 120
"""Seconds that `sbatch`, `scancel` and `squeue` may take to answer."""
ASK_S = 30.0
"""Seconds between two looks at the queue."""
MAX_EMPTY = 4
"""Looks in a row at an empty queue until the jobs count as gone; `sbatch` may be handing others in meanwhile."""


@dataclass
class Queue:
    """The jobs of a cluster in the queue of SLURM, looked at now and then while no worker is there.

    Parameters
    ----------
    say
        Told how many jobs wait or run, and why they wait.
    """

    cluster: Any
    say: Callable[[str], None]
    _asked_s: float = field(default=0.0, init=False)
    _num_empty: int = field(default=0, init=False)

    def look(self, waited_s: float) -> None:
        """Look at the queue, if the last look is `ASK_S` seconds ago.

        Raises
        ------
        UnavailableError
            If SLURM has none of the jobs, `MAX_EMPTY` times in a row.
        """
        if waited_s < self._asked_s:  # workers were there meanwhile
            self._asked_s, self._num_empty = 0.0, 0
        if waited_s - self._asked_s < ASK_S:
            return
        self._asked_s = waited_s
        ids = sorted(job.job_id for job in list(self.cluster.workers.values()) if getattr(job, "job_id", None))
        states = job_states(ids) if ids else []
        self._num_empty = self._num_empty + 1 if states == [] else 0
        if self._num_empty >= MAX_EMPTY:
            file = f"slurm-{ids[0]}.out" if ids else "slurm-….out"
            raise UnavailableError(
                f"SLURM has none of the jobs any more ({', '.join(ids) or 'it refused to take them again'}), and no "
                f"worker came; see why in their output, by default {file} in this folder. Finished runs are kept, and "
                "the same command goes on from here."
            )
        known = ", ".join(f"{number} {state}" for state, number in Counter(states or ()).items())
        self.say(f"still waiting for SLURM, {waited_s:.0f} s: {known or 'squeue names none of the jobs'}")


def job_states(ids: list[str]) -> list[str] | None:
    """Return the state and its reason of each job that `squeue` has, such as ``PENDING (Priority)``.

    None if `squeue` does not answer.
    """
    command = ["squeue", "--noheader", "--format=%T (%r)", f"--jobs={','.join(ids)}"]
    try:
        said = subprocess.run(  # noqa: S603  numbers of jobs, as SLURM gave them
            command, capture_output=True, text=True, errors="replace", timeout=ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if said.returncode and "invalid job id" not in said.stderr.casefold():
        return None
    return [" ".join(line.split()).removesuffix(" (None)") for line in said.stdout.splitlines() if line.strip()]
