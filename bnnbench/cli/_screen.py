"""Open the consoles and progress bars that verbs write to."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bnnbench.cli._streams import Lasting


def count_runs(number: int) -> str:
    """Return a number of runs in words."""
    return "1 run" if number == 1 else f"{number} runs"


class Screen(Console):
    """A console whose text is the user's: brackets are no markup, and numbers get no colors."""

    def say(self, text: str) -> None:
        """Print lines of text, which only the terminal folds, so that names and paths can be copied."""
        self.print(text, soft_wrap=True)


def open_screen(*, stderr: bool = False) -> Screen:
    """Open standard output, or standard error for reports, whose failure ends nothing."""
    stream = sys.stderr if stderr else sys.stdout
    # A table that goes to a file is not folded to a terminal's width.
    width = None if stream.isatty() else max(200, shutil.get_terminal_size().columns)
    file = cast("TextIO", Lasting(stream, OSError)) if stderr else stream
    return Screen(file=file, width=width, markup=False, highlight=False)


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
