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
    peak = _status().get("VmHWM")
    return None if peak is None else round(peak / 1024, 1)


def memory_mib() -> float:
    """Return the resident memory of this process, in MiB; 0 where the system does not tell."""
    return _status().get("VmRSS", 0) / 1024


def num_threads() -> int:
    """Return the number of threads of this process, those of native code included where the system tells."""
    return _status().get("Threads", threading.active_count())


def _status() -> dict[str, int]:
    """Return the numbers that the kernel tells of this process, in KiB where they are memory; empty outside Linux."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines]
    return {word[0].rstrip(":"): int(word[1]) for word in words if len(word) > 1 and word[1].isdecimal()}
