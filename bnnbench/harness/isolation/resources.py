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
    (peak_kib,) = _status("VmHWM")
    return None if peak_kib is None else round(peak_kib / 1024, 1)


def threads_and_memory_mib() -> tuple[int, float]:
    """Return the number of threads of this process, and its resident memory in MiB.

    Threads of native code are counted where the system tells, and the memory is 0 where it does not.
    """
    threads, memory_kib = _status("Threads", "VmRSS")
    return threads or threading.active_count(), (memory_kib or 0) / 1024


def _status(*names: str) -> list[int | None]:
    """Return numbers that the kernel tells of this process, in KiB where they are memory; None outside Linux.

    Asked several times per run, so that the other lines are not looked at.
    """
    told = b""
    with contextlib.suppress(OSError):
        told = Path("/proc/self/status").read_bytes()
    found = (told.partition(f"\n{name}:".encode())[2].split(maxsplit=1) for name in names)
    return [int(words[0]) if words else None for words in found]
