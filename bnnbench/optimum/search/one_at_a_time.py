"""One process compiles a kernel, and others, which need it too, wait for it and load it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Any

PATIENCE_S = 60.0
"""Seconds to wait for a kernel that another process compiles; the longest takes a quarter of that."""


class OneAtATime:
    """A cache of numba that is locked while a process compiles for it; the lock goes with the process.

    Parameters
    ----------
    cache
        Of one function, on disk.
    """

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self._path = f"{cache._cache_file._index_path}.lock"  # noqa: SLF001
        self._lock: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return what was compiled, or None; then this process compiles it, and others wait until it is saved."""
        found = self._cache.load_overload(signature, context)
        if found is None and self._lock is None:
            self._acquire()
            found = self._cache.load_overload(signature, context)
            if found is not None:
                self._release()
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled."""
        try:
            self._cache.save_overload(signature, compiled)
        finally:
            self._release()

    def _acquire(self) -> None:
        """Wait until no other process compiles for this cache, but not for ever: it can have been stopped."""
        with contextlib.suppress(OSError):  # a folder that takes no files keeps no kernels either
            self._lock = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o666)
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                time.sleep(0.02)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
