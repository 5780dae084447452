"""Where neither the installation nor the home can be written, the cache of kernels is lost and nothing else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from bnnbench import cache
from bnnbench.cache import keep_kernels


@pytest.fixture(autouse=True)
def read_only(monkeypatch, tmp_path) -> None:
    """An installation that cannot be written, a home that is none, and a folder for temporary files."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("HOME", "/proc/none")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    for name in ("XDG_CACHE_HOME", "BNNBENCH_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def kernels() -> Path:
    keep_kernels()
    return Path(os.environ["NUMBA_CACHE_DIR"])


def test_kernels_are_kept_with_temporary_files_where_nothing_else_can_be_written(tmp_path) -> None:
    assert kernels().parent == tmp_path
    assert not list(kernels().iterdir())


def test_a_folder_of_another_user_is_not_taken(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)

    assert kernels().parent not in (tmp_path, Path("/var/tmp"))


def test_a_folder_that_is_given_is_taken_if_it_can_be_written(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert kernels() == tmp_path / "mine"

    monkeypatch.setenv("NUMBA_CACHE_DIR", "/dev/null/mine")
    assert kernels().parent == tmp_path


def test_the_users_cache_comes_first(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path / "cache"))

    assert kernels() == cache.cache_folder("kernels") == tmp_path / "cache" / "kernels"
