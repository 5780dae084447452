"""A kernel that two processes need is compiled by one; no process waits for one that is stopped or dead."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from bnnbench.optimum.search import one_at_a_time
from bnnbench.optimum.search.one_at_a_time import OneAtATime


class Folder:
    """Of numba's caches, those of one function in two processes."""

    def __init__(self, folder):
        self.kept = []
        self._cache_file = self
        self._index_path = folder / "kernel.nbi"

    def load_overload(self, signature, context):
        return next(iter(self.kept), None)

    def save_overload(self, signature, compiled):
        self.kept.append(compiled)


@pytest.fixture
def caches(tmp_path):
    folder = Folder(tmp_path)
    return OneAtATime(folder), OneAtATime(folder)


def is_locked(cache):
    with Path(cache._path).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_process_compiles_under_a_lock_until_it_saves(caches):
    first, _ = caches

    assert first.load_overload((), None) is None
    assert is_locked(first)
    first.save_overload((), "code")
    assert not is_locked(first)
    assert first.load_overload((), None) == "code"


def test_another_process_loads_what_it_has_waited_for(caches, monkeypatch):
    first, second = caches
    first.load_overload((), None)
    monkeypatch.setattr(one_at_a_time.time, "sleep", lambda _: first.save_overload((), "code"))

    assert second.load_overload((), None) == "code"
    assert first._cache.kept == ["code"]
    assert not is_locked(second)


def test_a_process_that_is_stopped_keeps_no_other_from_compiling(caches, monkeypatch):
    first, second = caches
    first.load_overload((), None)
    monkeypatch.setattr(one_at_a_time, "PATIENCE_S", 0.1)

    assert second.load_overload((), None) is None
    second.save_overload((), "code")
    assert is_locked(first)


def test_a_compilation_that_failed_is_begun_again(caches):
    first, _ = caches

    assert first.load_overload((), None) is first.load_overload((), None) is None
    first.save_overload((), "code")
    assert not is_locked(first)


def test_a_folder_that_takes_no_files_is_no_obstacle(tmp_path):
    cache = OneAtATime(Folder(tmp_path / "absent"))

    assert cache.load_overload((), None) is None
    cache.save_overload((), "code")
    assert cache.load_overload((), None) == "code"
