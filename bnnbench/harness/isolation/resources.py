"""What a run takes of the machine besides time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def load() -> float:
    """Load average of the last minute, or 0 where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def reset_peak_memory() -> None:
    """Let the peak begin anew, where the system can: a worker serves many runs."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mib() -> float | None:
    """Peak of the resident memory of this process since it was reset, in MiB; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    return None
