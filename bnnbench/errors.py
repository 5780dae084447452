"""The errors of bnnbench, as one tree.

::

    BnnbenchError
    ├── InputError          what the user gave cannot be used          (exit code 2)
    │   ├── UnknownNameError   ... because nothing has that name
    │   └── RefusedError       ... because a solver, on a closer look, does not apply: its run is a row `refused`
    ├── UnavailableError    something needed is not installed, not configured or not to be reached
    ├── StoreError          a results folder cannot be read or written (exit code 2)
    ├── StoppedError        the user interrupted a verb that can be resumed (exit code 130)
    └── CheckError          a check of results or of a claim failed    (exit code 1)

Every message is a sentence: the object, the condition, the value that came, what to do next.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import shlex
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path


class BnnbenchError(Exception):
    """Root of all errors that bnnbench raises on purpose."""

    exit_code = 2


class InputError(BnnbenchError, ValueError):
    """An input of the user that cannot be used."""


class UnknownNameError(InputError):
    """Nothing has the given name; the nearest names are offered."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(known) or 'none'}."
        super().__init__(f"there is no {what} named {name!r}; {hint}")


class RefusedError(InputError):
    """A solver finds out in `prepare` or `sample`, before any sample, that it does not apply."""


class UnavailableError(BnnbenchError):
    """Something needed is not installed, not configured or not to be reached."""


class StoreError(BnnbenchError):
    """A results folder cannot be read or written."""


class StoppedError(BnnbenchError):
    """The user interrupted a verb that can be resumed."""

    exit_code = 130


class CheckError(BnnbenchError):
    """A check of results, or of a claim, failed."""

    exit_code = 1


MAX_REASON = 300
"""Characters of a library's reason; some quote a whole file."""


@contextlib.contextmanager
def restated(kind: type[BnnbenchError], before: str, after: str, *caught: type[Exception]) -> Iterator[None]:
    """Turn what a library raises into a sentence with its reason, in one line, between the two parts."""
    try:
        yield
    except caught as error:
        system = error.strerror if isinstance(error, OSError) else None
        raise kind(f"{before}{system or ' '.join(str(error).split())[:MAX_REASON]}{after}") from error


@contextlib.contextmanager
def system_errors(kind: type[BnnbenchError], what: str, advice: str) -> Iterator[None]:
    """Turn an `OSError` into the sentence that says what failed, the system's reason, and what to do."""
    with restated(kind, f"{what}: ", f"; {advice}.", OSError):
        yield


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tabs and ends of lines, and marks that turn the direction of writing around."""


def visible(text: str) -> str:
    """Return a text with its control characters as escapes, so that none of them moves a cursor."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def as_word(path: Path) -> str:
    """Return a path as one word of a command that a user copies into a shell: ``'my results'``, ``./-x``."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def _without_folders(error: BaseException) -> str:
    """Return the text of an exception; of files that the system names, with the last part of their paths alone."""
    text = str(error)
    if isinstance(error, OSError):
        for name in (error.filename, error.filename2):
            if isinstance(name, str) and "/" in name.rstrip("/"):
                text = text.replace(name, Path(name).name)
    return text


MAX_CHARACTERS = 20_000
"""Characters of an exception's text that are looked at."""
MAX_LINE = 80
"""Characters of a line that is no Python which are shown."""


def told(error: BaseException) -> str:
    """Return what a plugin raised and where, in one line: ``ValueError: no (mine.py, line 12)``.

    The place is the innermost line that lies in no library, or else the line that bnnbench called. Results hold no
    folders, so that the file's name stands alone.
    """
    try:
        text = " ".join(_without_folders(error)[:MAX_CHARACTERS].split())
        shown = error.text if isinstance(error, SyntaxError) else None
        line = shown.strip()[:MAX_LINE] if isinstance(shown, str) else ""
    except BaseException:  # noqa: BLE001  also this is the plugin's
        text, line = "(no message)", ""
    sentence = f"{type(error).__name__}: {text}".removesuffix(": ")
    if isinstance(error, SyntaxError):  # which names its file and line itself
        return f"{sentence}: {line}" if line else sentence
    own, python = str(Path(__file__).parent), sysconfig.get_path("stdlib")
    outside = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((own, "<"))]
    if not outside:
        return sentence
    user = [f for f in outside if not (f.filename.startswith(python) or "site-packages" in Path(f.filename).parts)]
    frame = user[-1] if user else outside[0]
    return f"{sentence} ({Path(frame.filename).name}, line {frame.lineno})"


@contextlib.contextmanager
def blaming(begin: str, *passing: type[Exception]) -> Iterator[None]:
    """Turn whatever a plugin raises into an `InputError` that says where.

    What bnnbench raises on purpose, interruptions of the user, and `passing` go through.

    Parameters
    ----------
    begin
        First words of the sentence, such as ``solver tabu raised``.
    """
    passes: tuple[type[BaseException], ...] = (BnnbenchError, KeyboardInterrupt, *passing)
    try:
        yield
    except passes:
        raise
    except BaseException as error:
        raise InputError(f"{begin} {told(error)}; bnnbench --debug shows the stack.") from error


def stack_of(error: BaseException) -> str:
    """Return the traceback of an exception with names of files alone, since it gets into results."""
    parts = traceback.format_exception(error)
    text = "".join(part if len(part) <= MAX_CHARACTERS else f"{part[:MAX_CHARACTERS]} …\n" for part in parts)
    return re.sub(r'(?m)^( *File ")[^"\n]*/([^"/\n]+", line )', r"\1\2", text)
