"""A control group per worker, where this process may make one: its limits are on all that a run starts, together.

The limit of the address space holds for each process by itself, and counts what is only reserved; the limit of
processes counts all of a user, and lets root have any number. Linux alone has control groups; version 1 lets root make
them, version 2 whoever was given a part of the tree, such as by ``systemd-run --user --scope -p Delegate=yes``.

References
----------
T. Heo, "Control Group v2", The Linux Kernel documentation, 2015.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import sleep

import psutil

from bnnbench.harness.isolation.confinement import PAUSE_S, ROUNDS, num_oom_kills

ROOT = Path("/sys/fs/cgroup")
PREFIX = "bnnbench-"
_numbers = itertools.count()


@dataclass(frozen=True)
class Control:
    """A folder of the tree, and the files in which one thing is counted and limited."""

    folder: Path
    used: str
    limit: str
    events: str

    def allow(self, more: int) -> None:
        """Limit the group to so much more than it uses now."""
        with contextlib.suppress(OSError, ValueError):
            used = int((self.folder / self.used).read_bytes())
            (self.folder / self.limit).write_bytes(b"%d" % (used + more))


_PIDS = ("pids.current", "pids.max", "pids.events")
FILES = {
    1: {"memory": ("memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control"), "pids": _PIDS},
    2: {"memory": ("memory.current", "memory.max", "memory.events"), "pids": _PIDS},
}
"""What the versions call what is used, its limit, and what happened at it, by controller."""


@dataclass(frozen=True)
class ControlGroup:
    """A group of one worker and all that it starts.

    Parameters
    ----------
    controls
        By controller, ``memory`` or ``pids``; at least one of them.
    """

    controls: Mapping[str, Control]

    def limit(self, memory_gb: float, processes: int) -> None:
        """Let the group use this much beyond what it has now.

        Parameters
        ----------
        memory_gb
            In units of 10^9 bytes; past it the kernel kills.
        processes
            Processes and threads; past it none can be started.
        """
        more = {"memory": int(memory_gb * 1e9), "pids": processes}
        for name, control in self.controls.items():
            control.allow(more[name])

    def num_kills(self) -> int:
        """Count the processes of the group that the kernel has killed for want of memory."""
        memory = self.controls.get("memory")
        return num_oom_kills(memory.folder / memory.events) if memory else 0

    def kill(self) -> None:
        """Kill all processes of the group, whichever session or parent they have."""
        for folder in {control.folder for control in self.controls.values()}:
            for _ in range(ROUNDS):
                try:
                    processes = (folder / "cgroup.procs").read_bytes().split()
                except OSError:
                    break
                if not processes:
                    break
                for process in processes:
                    with contextlib.suppress(OSError):
                        os.kill(int(process), signal.SIGKILL)
                sleep(PAUSE_S)

    def remove(self) -> None:
        """Remove the group, whose processes have ended; the kernel may take a moment to notice."""
        for folder in {control.folder for control in self.controls.values()}:
            for _ in range(20):
                with contextlib.suppress(FileNotFoundError):
                    try:
                        folder.rmdir()
                    except OSError:
                        sleep(0.005)
                        continue
                break


def make_group(pid: int) -> ControlGroup | None:
    """Return a group with a process in it; None where this process may not make one."""
    name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
    group = ControlGroup({key: replace(above, folder=above.folder / name) for key, above in _controls().items()})
    try:
        for folder in {control.folder for control in group.controls.values()}:
            folder.mkdir()
            (folder / "cgroup.procs").write_bytes(b"%d" % pid)
    except OSError:
        group.remove()
        return None
    return group if group.controls else None


@cache
def _controls() -> Mapping[str, Control]:
    """Return where this process may make groups; looked up once, and rid of groups of killed processes."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        controls = find_controls(lines, ROOT)
    except (OSError, ValueError):
        return {}
    for control in controls.values():
        for old in control.folder.glob(f"{PREFIX}*-*"):
            owner = old.name.removeprefix(PREFIX).partition("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                with contextlib.suppress(OSError):
                    old.rmdir()
    return controls


def find_controls(lines: list[str], root: Path) -> Mapping[str, Control]:
    """Return the places where a process with these lines in ``/proc/self/cgroup`` can make groups, by controller.

    Raises
    ------
    OSError
        If it may not.
    """
    found = {}
    for controllers, path in _own(lines):
        for name in FILES[1].keys() & controllers.split(","):
            folder = root / name / path
            if os.access(folder, os.W_OK):
                found[name] = Control(folder, *FILES[1][name])
    for controllers, path in () if found else _own(lines):
        folder = root / path
        control = folder / "cgroup.subtree_control"
        if controllers or not os.access(control, os.W_OK):
            continue
        there = (folder / "cgroup.controllers").read_text(encoding="utf-8").split()
        names = [name for name in FILES[2] if name in there]
        if set(names) - set(control.read_text(encoding="utf-8").split()):
            _move_out(folder)
            control.write_text(" ".join(f"+{name}" for name in names), encoding="utf-8")
        return {name: Control(folder, *FILES[2][name]) for name in names}
    return found


def _own(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield controllers and path of each hierarchy; of version 2 without controllers."""
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
