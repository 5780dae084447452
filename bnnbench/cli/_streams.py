"""Make standard streams that were closed, or that nobody reads, end no verb."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class Lasting:
    """A text stream that falls silent when it cannot be written.

    Parameters
    ----------
    stream
        Where the text goes.
    errors
        What makes it silent: a pipe that nobody reads, or any error of the system.
    """

    def __init__(self, stream: TextIO, errors: type[OSError]) -> None:
        self._stream, self._errors = stream, errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or nothing."""
        with silenced(self._stream, self._errors):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream, if it can be written."""
        with silenced(self._stream, self._errors):
            self._stream.flush()


def is_debugging() -> bool:
    """Return whether the command line asks for tracebacks."""
    return "--debug" in sys.argv


@contextlib.contextmanager
def silenced(stream: TextIO, errors: type[OSError] = OSError) -> Iterator[None]:
    """Send a stream that cannot be written nowhere, so that it does not complain again when the process ends."""
    try:
        yield
    except errors:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def open_streams() -> None:
    """Open closed streams on nothing, write question marks for letters that a stream lacks, and outlive a closed pipe.

    A verb whose output nobody reads, as of ``bnnbench verify | head -1``, goes on, so that its exit code is its own.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # takes the least free number, which a file of results must not get
            os.set_inheritable(null, True)  # noqa: FBT003 - the only argument there is; workers need streams too
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not isinstance(sys.stdout, Lasting):
        sys.stdout = cast("TextIO", Lasting(sys.stdout, BrokenPipeError))
