"""Limits hold where the system has them, and nothing that a run starts is left."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from bnnbench.harness import worker
from bnnbench.harness.isolation import confinement
from bnnbench.harness.isolation.confinement import confined, kill_children

# From Python 3.12 on; the children here do nothing that threads of the parent could hinder.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")

NOBODY = 65534


def start_until_denied(processes):
    """How many processes can be started inside of a limit; all end."""
    children = []
    with confined(10, 1, processes):
        try:
            while len(children) < 4 * processes:
                child = os.fork()
                if child == 0:
                    time.sleep(600)
                    os._exit(0)
                children.append(child)
        except BlockingIOError:
            pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)


def as_nobody(function, *arguments):
    """What a function answers where it is not called by root, whom the system lets do anything."""
    if os.getuid() != 0:
        return function(*arguments)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.setuid(NOBODY)
            os.write(write, str(function(*arguments)).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        return int(answer.read())


def test_no_more_processes_can_be_started_than_the_limit_says():
    assert 20 <= as_nobody(start_until_denied, 40) <= 40


def test_the_limit_of_processes_is_left_out_where_the_system_counts_others(monkeypatch):
    confinement._most_tasks.cache_clear()

    def denied():
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", denied)
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    with confined(10, 1, 40):
        assert resource.getrlimit(resource.RLIMIT_NPROC) == before
    confinement._most_tasks.cache_clear()


def test_a_denied_process_is_a_sentence_with_the_limit():
    task = SimpleNamespace(limits=SimpleNamespace(processes=40, file_gb=1.0))
    sentence = worker._sentence(BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), task)
    assert sentence.endswith("Resource temporarily unavailable (a run may start 40 processes)")


def lower_a_limit_for_good():
    with confined(10, 1, 10):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    return resource.getrlimit(resource.RLIMIT_FSIZE)[1]


def test_a_limit_that_was_lowered_for_good_stays_and_ends_nothing():
    assert as_nobody(lower_a_limit_for_good) == 1000


def test_a_file_that_grows_too_large_is_an_error_and_the_limit_goes_again(tmp_path):
    content = b"x" * 2_000_000
    with pytest.raises(OSError, match="File too large"), confined(10, 0.001, 512):
        (tmp_path / "large").write_bytes(content)
    (tmp_path / "large").write_bytes(content)


def test_children_are_killed_with_their_children_and_nobody_else():
    nested = "import subprocess, sys; subprocess.run(['sleep', '6543.25'], start_new_session=True)"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {nested!r}])"]
    )
    bystander = subprocess.Popen(["sleep", "600"])
    deadline = time.monotonic() + 20
    while len(psutil.Process(parent.pid).children(recursive=True)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        assert kill_children(parent.pid)
        assert bystander.poll() is None
        assert not [p.pid for p in psutil.process_iter(["cmdline"]) if "6543.25" in (p.info["cmdline"] or ())]
    finally:
        for process in (parent, bystander):
            process.kill()
            process.wait()


def test_a_process_that_is_gone_has_no_children_left():
    process = subprocess.Popen(["true"])
    process.wait()
    assert kill_children(process.pid)


def test_kills_for_want_of_memory_are_counted_where_the_kernel_does(tmp_path):
    (tmp_path / "vmstat").write_text("pgfault 7\noom_kill 3\nthp 1\n")
    assert confinement.num_oom_kills(tmp_path / "vmstat") == 3
    (tmp_path / "vmstat").write_text("oom_kill many\n")
    assert confinement.num_oom_kills(tmp_path / "vmstat") == 0
    assert confinement.num_oom_kills(tmp_path / "nothing") == 0
