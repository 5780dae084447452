"""The user's cache: files that save work, and whose loss or damage costs nothing but time."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bnnbench.processes import private_folder


def cache_folder(name: str) -> Path:
    """Return a folder of the user's cache, or of the one that the environment variable ``BNNBENCH_CACHE`` names."""
    import platformdirs

    folder = os.environ.get("BNNBENCH_CACHE")
    return (Path(folder) if folder else platformdirs.user_cache_path("bnnbench")) / name


def keep_kernels() -> None:
    """Let Numba, which is not imported yet, keep compiled kernels where files can be written.

    It keeps them beside the code or in the user's cache, and raises where it can write neither. Then they are kept in
    a folder for temporary files.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    if _is_writable(Path(given)) if given else os.access(Path(__file__).parent, os.W_OK):
        return
    folder = f"bnnbench-kernels-{os.getuid()}"
    roots = [cache_folder("kernels"), *(Path(root, folder) for root in (tempfile.gettempdir(), "/var/tmp"))]  # noqa: S108
    found = next((root for root in roots if _is_writable(root)), None)
    os.environ["NUMBA_CACHE_DIR"] = str(found or private_folder())


def _is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder of this user, which is made if it is not there."""
    with suppress(OSError, ValueError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder.stat().st_uid == os.getuid()  # kernels are code
    return False


def write_cache(path: Path, text: str) -> None:
    """Write a whole file or none, as processes share the folder; one that cannot be written costs time only."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=path.stem, suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            os.unlink(temporary)  # noqa: PTH108
            raise
