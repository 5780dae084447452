"""Cores of a run: a time means something only where nothing else ran on the same core."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from bnnbench.errors import InputError

Cores = tuple[int, ...]
"""Numbers of the logical processors of one or more physical cores, ascending."""


def physical_cores(cpus: Path = Path("/sys/devices/system/cpu")) -> list[Cores]:
    """Return the physical cores that this process may use, each with its logical processors; empty if unknown.

    Two hardware threads of a core share its arithmetic, so that runs on both are not apart.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = os.sched_getaffinity(0)
    return sorted({tuple(sorted(_siblings(cpus, number) & allowed)) for number in allowed})


def _siblings(cpus: Path, number: int) -> set[int]:
    """Return the logical processors of the physical core of one of them; itself alone if the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        text = (cpus / f"cpu{number}/topology/thread_siblings_list").read_text(encoding="ascii")
        return {number, *_numbers(text)}
    return {number}


def _numbers(text: str) -> set[int]:
    """Return the numbers of a list of ranges as the kernel writes it, such as ``0-2,8``."""
    ends = [part.partition("-") for part in text.strip().split(",")]
    return {number for low, dash, high in ends for number in range(int(low), int(high if dash else low) + 1)}


def processor_quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> float | None:
    """Return the processors that a container may use at a time, on average; None: all that it sees."""
    with contextlib.suppress(OSError, ValueError):  # no such limit is "max"
        quota, period = file.read_text(encoding="ascii").split()
        return int(quota) / int(period)
    return None


def lanes_apart(jobs: int, threads: int = 1) -> list[Cores | None]:
    """Return cores for `jobs` runs at a time, none of them shared; None: the system cannot pin processes.

    Cores that are left over go round, so that one job has them all.

    Parameters
    ----------
    jobs
        0: as many as there are cores for.
    threads
        Most threads that a run uses.

    Raises
    ------
    InputError
        If there are too few cores for more than one job.
    """
    cores: Sequence[Cores] = physical_cores()
    number = len(cores) or os.cpu_count() or 1
    number = max(1, min(number, int(processor_quota() or number)))
    most = max(1, number // threads)
    jobs = jobs or most
    if jobs > 1 and jobs * threads > number:
        each = "" if threads == 1 else f" of {threads} threads each"
        raise InputError(
            f"--jobs {jobs}: runs{each} would share cores, and their times would mean nothing, because "
            f"{'1 physical core is' if number == 1 else f'{number} physical cores are'} free to use here; give "
            f"--jobs {most}, or --untimed if times do not matter."
        )
    if not cores:
        return [None] * jobs
    return [tuple(sorted(n for core in cores[lane::jobs] for n in core)) for lane in range(jobs)]
