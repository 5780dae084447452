"""Resources that a run takes of the machine besides time."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def load() -> float:
    """Return the load average of the last minute, or 0 where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def reset_peak_memory() -> None:
    """Let the peak begin anew, where the system can: a worker serves many runs."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mib() -> float | None:
    """Return the peak of the resident memory of this process since it was reset, in MiB; None if it is not told."""
    peak_kib = _status("VmHWM")
    return None if peak_kib is None else round(peak_kib / 1024, 1)


def memory_mib() -> float:
    """Return the resident memory of this process, in MiB; 0 where the system does not tell."""
    return (_status("VmRSS") or 0) / 1024


def num_threads() -> int:
    """Return the number of threads of this process, those of native code included where the system tells."""
    return _status("Threads") or threading.active_count()


def _status(name: str) -> int | None:
    """Return a number that the kernel tells of this process, in KiB where it is memory; None outside Linux.

    Asked several times per run, so that the other lines are not looked at.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        _, _, rest = Path("/proc/self/status").read_bytes().partition(f"\n{name}:".encode())
        return int(rest.split(maxsplit=1)[0])
    return None
