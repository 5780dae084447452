"""The user's cache: files that save work, and whose loss or damage costs nothing but time."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder of the user's cache, or of the one that the environment variable ``BNNBENCH_CACHE`` names."""
    import platformdirs

    folder = os.environ.get("BNNBENCH_CACHE")
    return (Path(folder) if folder else platformdirs.user_cache_path("bnnbench")) / name


def write_cache(path: Path, text: str) -> None:
    """Write whole files only, so that processes may share the folder; one that cannot be written costs time only."""
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
