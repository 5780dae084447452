"""Start Python processes that no file of the user's folder and no strange TMPDIR can spoil."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from bnnbench.errors import InputError, UnavailableError

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What keeps numerical libraries to one thread, unless the user has set it; they read it when they are imported."""
_POSSIBLE = {
    **dict.fromkeys(THREAD_LIMITS, (r"0*[1-9]\d*(,0*[1-9]\d*)*", "a number of threads of at least 1")),
    "NUMBA_DISABLE_JIT": ("0*", "0, since the kernels of bnnbench have to be compiled"),
    "NUMBA_CPU_FEATURES": (
        r"[+-][\w.-]+(,[+-][\w.-]+)*",
        "a list such as +avx2,-fma",
    ),
}
"""Patterns of the values that the libraries take, and what they are; other values would end a process."""
MAX_LENGTH = 60
"""Bytes of a folder's path. The address of a socket in it has 104 on macOS and 108 on Linux."""
_PREFIX = f"bnnbench-{getattr(os, 'getuid', int)()}-"
_LOCK = "lock"


def check_settings() -> None:
    """Look at environment variables of numerical libraries that would end this process or a worker.

    Raises
    ------
    InputError
        If one has a value that its library does not take.
    """
    for name, (pattern, wanted) in _POSSIBLE.items():
        value = os.environ.get(name, "").strip()
        if value and not re.fullmatch(pattern, value):
            raise InputError(f"the environment variable {name} must be {wanted}, but is {value!r:.40}; unset it.")


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Start processes here: the working directory is not on their path, and numerical libraries get one thread.

    ``python -c``, which `multiprocessing` uses, would import a `random.py` of the user's folder for the library's.
    """
    import multiprocessing  # every start of bnnbench would wait for it

    multiprocessing.current_process()._config["tempdir"] = str(private_folder())  # type: ignore[attr-defined]  # noqa: SLF001
    added = {"PYTHONSAFEPATH": "1"} | dict.fromkeys(THREAD_LIMITS, "1")
    added = {name: value for name, value in added.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextlib.contextmanager
def without_script() -> Iterator[None]:
    """Start processes here that do not run the user's script again, which needs no ``if __name__ == "__main__"``.

    `multiprocessing` imports the file of the main module in each process; ours need nothing of it.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@cache
def private_folder() -> Path:
    """Return a folder of this process alone, which goes with it; folders of processes that were killed go now.

    Raises
    ------
    UnavailableError
        If no folder for temporary files can be written.
    """
    reasons = []
    for root in dict.fromkeys((os.environ.get("TMPDIR") or "/tmp", "/tmp", "/var/tmp", "/dev/shm")):  # noqa: S108
        if len(os.fsencode(root)) > MAX_LENGTH - len(_PREFIX) - 8:
            reasons.append(f"{root[:40]}… is too long for the address of a socket")
            continue
        try:
            _remove_left(Path(root))
            return _make(root)
        except OSError as error:
            reasons.append(f"{root}: {error.strerror}")
    raise UnavailableError(
        f"no folder for temporary files can be used ({'; '.join(reasons)}); set TMPDIR to a short path of a folder "
        "that can be written."
    )


def _make(root: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    lock = (folder / _LOCK).open("w")  # held open, and thereby locked, as long as this process lives
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write(str(os.getpid()))
    lock.flush()
    atexit.register(_remove, folder, os.getpid(), lock)
    return folder


def _remove(folder: Path, owner: int, _lock: object) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(root: Path) -> None:
    """Remove the folders of processes that have ended; a process that lives holds its lock."""
    for folder in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
