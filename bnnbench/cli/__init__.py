"""The command line: every public file of this folder is a verb, which is loaded when it is called."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from bnnbench.cli._streams import is_debugging, open_streams, silenced
from bnnbench.errors import BnnbenchError, visible


def main() -> None:
    """Run the command line; an error is one sentence on standard error and an exit code."""
    open_streams()
    warnings.formatwarning = _warning
    # From Python 3.12 on: strings of libraries, told to whoever imports them first.
    warnings.filterwarnings("ignore", category=SyntaxWarning, module=".*site-packages")
    try:
        code = _call()
    except BaseException as error:
        if is_debugging():
            raise
        code = error.exit_code if isinstance(error, BnnbenchError) else 2
        _complain(_sentence(error))
    with silenced(sys.stdout):
        sys.stdout.flush()
    raise SystemExit(code)


def _call() -> int:
    """Return the exit code of the verb that the command line names."""
    from bnnbench.cli._usage import UsageError, usage_sentence  # what is wrong with the environment gets its sentence
    from bnnbench.cli._verbs import app
    from bnnbench.processes import check_settings

    check_settings()
    try:
        left = app(prog_name="bnnbench", standalone_mode=False)
    except UsageError as error:
        _complain(usage_sentence(error))
        return 2
    sys.stdout.flush()  # while it can still be said that it failed
    code = left if isinstance(left, int) else 0
    if code == 130:
        _complain("interrupted.")
    return code


MOST = 4000
"""Characters of an error: one that quotes what came, such as a name of a megabyte, keeps its beginning and its end."""


def _complain(sentence: str) -> None:
    shown = sentence if len(sentence) <= MOST else f"{sentence[: MOST // 2]} … {sentence[-MOST // 2 :]}"
    with silenced(sys.stderr):
        sys.stderr.write(f"bnnbench: {visible(shown)}\n")
        sys.stderr.flush()


def _warning(message: Warning | str, *_: Any, **__: Any) -> str:
    """Return the first line of a library's warning."""
    return f"bnnbench: warning: {_own(str(message)).partition(chr(10))[0]}\n"


def _own(message: str) -> str:
    """Return a message without the traceback of another error that some libraries quote below it."""
    return message.partition("Traceback (most recent call last)")[0]


def _sentence(error: BaseException) -> str:
    """Return what an error says to somebody who does not read the code."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; finished runs are kept; take a smaller problem, or fewer jobs."
    if isinstance(error, OSError):
        place = "" if error.filename is None else f" ({error.filename})"
        return f"the system says: {error.strerror or error}{place}; check the disk, the path and where output goes."
    if isinstance(error, BnnbenchError):
        return str(error)
    text = " ".join(_own(str(error)).split())
    return (
        f"it ended with {type(error).__name__}{': ' if text else ''}{text}; bnnbench --debug shows where; if files and "
        "environment variables are right, please report it."
    )
