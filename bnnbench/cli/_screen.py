"""Open the consoles and progress bars that verbs write to."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO, cast

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text
from typing_extensions import override

from bnnbench.cli._streams import Lasting
from bnnbench.errors import InputError, visible

MANY_CELLS = 100_000
"""Runs whose planning takes seconds."""
BYTES_PER_CELL, SECONDS_PER_CELL = 2_000, 5e-5
"""Measured with 100,000 runs of one instance: 1.1 kB and 37 µs (AMD EPYC)."""


def count_runs(number: int) -> str:
    """Return a number of runs in words."""
    return "1 run" if number == 1 else f"{number} runs"


def announce_planning(num_cells: int) -> None:
    """Print how long it takes to plan many runs, which is silent meanwhile.

    Raises
    ------
    InputError
        If there is too little memory.
    """
    if num_cells < MANY_CELLS:
        return
    needed, free = num_cells * BYTES_PER_CELL, psutil.virtual_memory().available
    if needed > free:
        raise InputError(
            f"{num_cells:,} runs take about {needed / 1e9:.1f} GB of memory to plan, but {free / 1e9:.1f} GB are free; "
            "split the suite."
        )
    seconds = num_cells * SECONDS_PER_CELL
    open_screen(stderr=True).say(f"looking through {num_cells:,} runs, which takes about {seconds:.0f} s …")


FIRST_TIME = "the first run compiles kernels, for up to a minute, and keeps them"


class Screen(Console):
    """A console whose text is the user's: no markup, no emoji, no colors of numbers, no control characters."""

    def say(self, text: str) -> None:
        """Print lines of text, which only the terminal folds, so that names and paths can be copied."""
        self.print(text, soft_wrap=True)

    @override
    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


def open_screen(*, stderr: bool = False) -> Screen:
    """Open standard output, or standard error for reports, whose failure ends nothing."""
    stream = sys.stderr if stderr else sys.stdout
    # A table that goes to a file is not folded to a terminal's width.
    width = None if stream.isatty() else max(200, shutil.get_terminal_size().columns)
    file = cast("TextIO", Lasting(stream, OSError)) if stderr else stream
    return Screen(file=file, width=width, markup=False, highlight=False, emoji=False)


@contextlib.contextmanager
def patiently(screen: Screen, what: str, every_s: int = 8) -> Iterator[None]:
    """Say what goes on here every few seconds, so that no long work is silent."""
    has_ended = threading.Event()

    def say() -> None:
        for elapsed_s in itertools.count(every_s, every_s):
            if has_ended.wait(every_s):
                return
            screen.say(f"{what}, {elapsed_s} s …")

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


def progress_bars(screen: Console) -> Progress:
    """Return bars with counts and times, which show on a terminal only."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=screen,
        disable=not screen.is_terminal,
    )
