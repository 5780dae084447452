"""Files that verbs write: nothing that bnnbench did not make is overwritten, and no file is left half written."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bnnbench.errors import InputError, system_errors
from bnnbench.store.file import FILE, LOCK

ALIKE = 8
"""Bytes at the beginning by which a file is known as one that was written before."""
COMMON, MARK = (b"<!DOCTYP", b"<?xml ve"), b"bnnbench"
"""Beginnings of files that anybody writes; of these, one of ours names bnnbench somewhere, if the new one does."""


def write_output(path: Path, content: bytes) -> None:
    """Write a file that a user asked for with ``-o``; one that is there is replaced if it is of the same kind.

    It is if it begins as the new one does; a page or a drawing has to name bnnbench, too. So a table, a report or an
    export is made again under its name, and no store, no database, no published runs and no file of somebody else is
    lost. Pipes and devices are written to as they are.

    Raises
    ------
    InputError
        If there is something else, or it cannot be written.
    """
    refuse_to_overwrite(path, content[:ALIKE], is_marked=_is_marked(content))
    with system_errors(InputError, f"{path} cannot be written", "give another path with -o"):
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        _replace(path, content)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, by their relative paths; each as `write_output` does, once all are seen to go.

    Raises
    ------
    InputError
        If one of them cannot be written.
    """
    for name, content in files.items():
        path = folder / name
        with system_errors(InputError, f"{path} cannot be written", "give another folder with -o"):
            path.parent.mkdir(parents=True, exist_ok=True)
        refuse_to_overwrite(path, content[:ALIKE], is_marked=_is_marked(content))
    for name, content in files.items():
        write_output(folder / name, content)


def refuse_to_overwrite(path: Path, begin: bytes, *, is_marked: bool = False) -> None:
    """Raise `InputError` if there is something at a path that does not begin so, unless it is empty.

    Parameters
    ----------
    is_marked
        Whether what is there must have the mark as well.
    """
    if path.name.startswith(FILE) or path.name == LOCK:
        raise InputError(f"{path} bears the name of a file of a store; give another path with -o.")
    there, has_mark = b"", not is_marked
    with (
        system_errors(InputError, f"{path} cannot be written", "give another path with -o"),
        contextlib.suppress(FileNotFoundError),
    ):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a folder; give the name of a file with -o.")
        if not stat.S_ISREG(mode):
            return
        with path.open("rb") as file:
            there = file.read(ALIKE)
            has_mark = has_mark or MARK in there + file.read()
    if there and not (there == begin and has_mark):
        what = "a database, such as results lie in" if there.startswith(b"SQLite") else "no file of this kind"
        raise InputError(f"{path} exists and is {what}; it was left as it is; give another path with -o.")


def _is_marked(content: bytes) -> bool:
    return content.startswith(COMMON) and MARK in content


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file and put it in place when it is complete; a link stays one."""
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~umask()
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    finally:
        with contextlib.suppress(OSError):  # nothing is left of it where it is in place
            Path(draft).unlink()


def umask() -> int:
    """Return the permissions that this process takes from new files."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
