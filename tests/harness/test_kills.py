"""A campaign that is killed at any moment loses nothing; tests/performance/test_kills.py does it 50 times."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from killing import start, survive, write_suite

from bnnbench.store.store import read_store

HANG = Path(__file__).parent / "solvers_that_fail" / "native_hang.py"


def test_a_campaign_that_is_killed_five_times_ends_as_an_undisturbed_one(tmp_path):
    campaign = survive(tmp_path, num_kills=5, repetitions=30, seed=3)
    assert campaign.num_kills >= 5


def journals_of(pid):
    """The journals that a coordinator's workers write."""
    for lock in Path(tempfile.gettempdir()).glob(f"bnnbench-{os.getuid()}-*/lock"):
        if lock.read_text() == str(pid):
            yield from lock.parent.glob("journals-*/*.jsonl")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_native_code_that_lets_no_thread_run_ends_with_its_coordinator(tmp_path):
    coordinator = start(write_suite(tmp_path, 1), tmp_path / "out", "--solver", str(HANG))
    deadline = time.monotonic() + 60
    while not any('kind": "JudgedBatch' in path.read_text() for path in journals_of(coordinator.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(0.5)  # it hangs after its first batch
    family = psutil.Process(coordinator.pid).children(recursive=True)
    coordinator.kill()
    coordinator.stderr.close()
    coordinator.wait()
    assert len(family) >= 2
    assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the command lines of processes")
def test_a_campaign_outlives_its_helper_processes(tmp_path):
    coordinator = start(write_suite(tmp_path, 10), tmp_path / "out")
    deadline = time.monotonic() + 60
    while not list(journals_of(coordinator.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    helpers = [child for child in psutil.Process(coordinator.pid).children() if "bnnbench" not in child.cmdline()]
    for helper in helpers:
        helper.kill()

    _, said = coordinator.communicate(timeout=120)

    assert helpers
    assert coordinator.returncode == 0, said
    with read_store(tmp_path / "out") as store:
        assert len(store.runs()) == 40
