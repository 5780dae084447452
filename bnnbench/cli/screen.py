"""What verbs write to: consoles, progress bars, and streams that can fail."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def count_runs(number: int) -> str:
    """A number of runs in words."""
    return "1 run" if number == 1 else f"{number} runs"


def open_console(*, stderr: bool = False) -> Console:
    """A console on standard output, or one for reports on standard error, whose failure ends nothing."""
    import shutil

    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A table that goes to a file is not folded to a terminal's width.
    width = None if stream.isatty() else max(200, shutil.get_terminal_size().columns)
    # Names and paths are the user's: what is in brackets is no markup.
    return Console(file=cast("TextIO", _Lasting(stream)) if stderr else stream, width=width, markup=False)


class _Lasting:
    """A stream for reports, which falls silent when it can no longer be written; a campaign does not end with it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with silenced(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with silenced(self._stream):
            self._stream.flush()


@contextlib.contextmanager
def silenced(stream: TextIO) -> Iterator[None]:
    """Send a stream that cannot be written nowhere, so that it does not complain again when the process ends."""
    try:
        yield
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def progress_bars(console: Console) -> Progress:
    """Bars with counts and times, on a terminal only."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def open_streams() -> None:
    """Make streams that were closed go nowhere, and those of a small alphabet write question marks."""
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
