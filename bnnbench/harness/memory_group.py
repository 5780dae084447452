"""A control group per worker, where this process may make one: its limit is on memory that is used, by all of a run.

The limit of the address space holds for each process by itself, and counts what is only reserved. Linux alone has
control groups; version 1 lets root make them, version 2 whoever was given a part of the tree, such as by ``systemd-run
--user --scope -p Delegate=yes``.

References
----------
T. Heo, "Control Group v2", The Linux Kernel documentation, 2015.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import sleep

import psutil

from bnnbench.harness.confinement import num_oom_kills

ROOT = Path("/sys/fs/cgroup")
PREFIX = "bnnbench-"
_numbers = itertools.count()


@dataclass(frozen=True)
class Parent:
    """Where groups can be made, and how the two versions call memory that is used, its limit, and what happened."""

    folder: Path
    used: str
    limit: str
    events: str


@dataclass(frozen=True)
class MemoryGroup:
    """A group of one worker and all that it starts."""

    folder: Path
    parent: Parent

    def limit(self, memory_gb: float) -> None:
        """Let the group use this much beyond what it uses now, in units of 10^9 bytes; past it the kernel kills it."""
        with contextlib.suppress(OSError, ValueError):
            used = int((self.folder / self.parent.used).read_bytes())
            (self.folder / self.parent.limit).write_bytes(b"%d" % (used + int(memory_gb * 1e9)))

    def num_kills(self) -> int:
        """Processes of the group that the kernel has killed for want of memory."""
        return num_oom_kills(self.folder / self.parent.events)

    def remove(self) -> None:
        """Remove the group, whose processes have ended; the kernel may take a moment to notice."""
        for _ in range(20):
            with contextlib.suppress(FileNotFoundError):
                try:
                    self.folder.rmdir()
                except OSError:
                    sleep(0.005)
                    continue
            return


def make_group(pid: int) -> MemoryGroup | None:
    """A group with a process in it; None where this process may not make one."""
    parent = _parent()
    if parent is None:
        return None
    group = MemoryGroup(parent.folder / f"{PREFIX}{os.getpid()}-{next(_numbers)}", parent)
    try:
        group.folder.mkdir()
        (group.folder / "cgroup.procs").write_bytes(b"%d" % pid)
    except OSError:
        group.remove()
        return None
    return group


@cache
def _parent() -> Parent | None:
    """Where this process may make groups; looked up once, and then rid of those of processes that were killed."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        parent = find_parent(lines, ROOT)
    except (OSError, ValueError):
        return None
    if parent is not None:
        for old in parent.folder.glob(f"{PREFIX}*-*"):
            owner = old.name.removeprefix(PREFIX).partition("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                with contextlib.suppress(OSError):
                    old.rmdir()
    return parent


def find_parent(lines: list[str], root: Path) -> Parent | None:
    """Where a process with these lines in ``/proc/self/cgroup`` can make groups with a limit of memory, if anywhere.

    Raises
    ------
    OSError
        If it may not.
    """
    for controllers, path in _own(lines):
        folder = root / "memory" / path
        if "memory" in controllers.split(",") and os.access(folder, os.W_OK):
            return Parent(folder, "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control")
    for controllers, path in _own(lines):
        folder = root / path
        control = folder / "cgroup.subtree_control"
        if controllers or not os.access(control, os.W_OK):
            continue
        if "memory" not in (folder / "cgroup.controllers").read_text(encoding="utf-8").split():
            continue
        if "memory" not in control.read_text(encoding="utf-8").split():
            _move_out(folder)
            control.write_text("+memory", encoding="utf-8")
        return Parent(folder, "memory.current", "memory.max", "memory.events")
    return None


def _own(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Controllers and path of each hierarchy; of version 2 without controllers."""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        yield controllers, path.lstrip("/")


def _move_out(folder: Path) -> None:
    """Move all processes of a group to one below it: version 2 wants none where limits of groups begin.

    Raises
    ------
    OSError
        If one of them is not of this process's family: a group is not taken from others.
    """
    processes = set(map(int, (folder / "cgroup.procs").read_text(encoding="utf-8").split()))
    family = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    if not processes <= family:
        raise OSError("others are in the group")
    own = folder / f"{PREFIX}coordinator"
    own.mkdir(exist_ok=True)
    for pid in processes:
        (own / "cgroup.procs").write_bytes(b"%d" % pid)
