"""The machine and versions of a run, without anything personal."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bnnbench.harness.isolation.placement import physical_cores, processor_quota
from bnnbench.processes import THREAD_LIMITS


@cache
def machine_info() -> dict[str, Any]:
    """Return machine, system and versions, without host name, user name or path. Unknown things are None."""
    commit, dirty = _commit()
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "physical_cores": len(physical_cores()) or None,
        "processor_quota": processor_quota(),
        "frequency_policy": _frequency_policy(),
        "library_threads": _library_threads(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "bnnbench": _version("bnnbench"),
        "numpy": _version("numpy"),
        "commit": commit,
        "dirty": dirty,
    }


def _version(distribution: str) -> str | None:
    with contextlib.suppress(PackageNotFoundError, OSError):
        return version(distribution)
    return None


def _memory_gib() -> float | None:
    import psutil

    with contextlib.suppress(OSError, RuntimeError, ValueError):  # a container may hide what psutil reads
        return round(psutil.virtual_memory().total / 2**30, 1)
    return None


def _cpu_model() -> str | None:
    with contextlib.suppress(OSError):  # no such file outside Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or None


def _frequency_policy() -> str | None:
    """Return the governor of the first processor; unless it is ``performance``, times depend on what ran before."""
    with contextlib.suppress(OSError, ValueError):  # a virtual machine has none
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text(encoding="ascii").strip()
    return None


def _library_threads() -> str:
    """Return the threads that numerical libraries get in a worker: one, unless the environment says otherwise."""
    given = {name: os.environ[name] for name in THREAD_LIMITS if name in os.environ}
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "1"


def _commit() -> tuple[str | None, bool | None]:
    """Commit and dirty flag, if the package lies in a git checkout of its own."""
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():
        return None, None
    # One call for both: a process costs more than the rest of this module.
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None, None
    lines = status.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid")]
    is_dirty = any(not line.startswith("#") for line in lines)
    return (commits[0], is_dirty) if commits and commits[0] != "(initial)" else (None, is_dirty)


def _git(folder: Path, *arguments: str) -> str | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        return done.stdout.strip()
    return None
