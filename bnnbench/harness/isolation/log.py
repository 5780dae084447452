"""The log: what a worker's runs print is kept in memory, so that no secret in it reaches a disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from typing import Any

from bnnbench.processes import private_folder
from bnnbench.redaction import redacted

TAIL = 2000
"""Characters of a run's output that are kept."""


@dataclass
class Log:
    """A file without a name that coordinator and worker share, by its number in this process."""

    fd: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self.fd),)

    def clear(self) -> None:
        """Forget what was printed."""
        os.ftruncate(self.fd, 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.fd)

    def tail(self) -> str:
        """Return the end of what was printed, without secrets."""
        begin = max(0, os.fstat(self.fd).st_size - 2 * TAIL)  # no secret is cut that would be kept in part
        return redacted(os.pread(self.fd, 2 * TAIL, begin).decode(errors="replace"))[-TAIL:]

    @contextlib.contextmanager
    def catching(self) -> Iterator[None]:
        """Catch all that is printed inside, by native code too; it must not tear the tables."""
        saved, streams = (os.dup(1), os.dup(2)), (sys.stdout, sys.stderr)
        _flush()
        for number in (1, 2):
            os.dup2(self.fd, number)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams  # which a run may replace or close
            _flush()
            for number, copy in enumerate(saved, start=1):
                os.dup2(copy, number)
                os.close(copy)


def make_log() -> Log:
    """Make an empty log; where the system has no files in memory, in a file that is nowhere to be found."""
    if sys.platform == "linux":
        fd = os.memfd_create("bnnbench-log")
    else:
        with tempfile.TemporaryFile(dir=private_folder()) as file:
            fd = os.dup(file.fileno())
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND)
    return Log(fd)


def _received(sent: Any) -> Log:
    return Log(sent.detach())


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
