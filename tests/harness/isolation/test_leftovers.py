"""What a run leaves behind in its process is seen."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from bnnbench.harness.isolation import leftovers
from bnnbench.harness.isolation.leftovers import Leftovers, other_threads_rest


def test_nothing_is_left_by_nothing():
    before = Leftovers.of_this_process()

    assert not Leftovers.of_this_process().harm_after(before)


@pytest.mark.parametrize("more", [0, 1])
def test_threads_beyond_those_that_may_rest_are_seen(more):
    before = Leftovers.of_this_process()
    after = replace(before, threads=before.threads + leftovers.MAX_LEFT_THREADS + more)

    assert after.harm_after(before) == bool(more)


@pytest.mark.parametrize("works", [False, True])
def test_a_thread_that_works_is_told_from_one_that_waits(works):
    end = threading.Event()

    def go_on():
        while not end.wait(0 if works else None):
            pass

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert any(other_threads_rest() != works for _ in range(100)), "a busy machine lets no thread work for a while"
    finally:
        end.set()
        thread.join()


def test_a_timer_that_runs_is_seen():
    before = Leftovers.of_this_process()
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        assert Leftovers.of_this_process().harm_after(before)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_a_handler_and_a_collector_that_was_switched_off_are_seen():
    before = Leftovers.of_this_process()
    old = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        assert Leftovers.of_this_process().harm_after(before)
    finally:
        signal.signal(signal.SIGALRM, old)
    gc.disable()
    try:
        assert Leftovers.of_this_process().harm_after(before)
    finally:
        gc.enable()


@pytest.mark.parametrize(("factor", "is_harm"), [(0.5, False), (1.5, True)])
def test_memory_that_is_kept_is_seen(factor, is_harm):
    before = Leftovers.of_this_process()
    after = replace(before, memory_mib=before.memory_mib + factor * leftovers.MAX_LEFT_MIB)

    assert after.harm_after(before) == is_harm


def lower(limit):
    resource.setrlimit(limit, (resource.getrlimit(limit)[0] - 1, resource.getrlimit(limit)[1]))


FILES, ERRORS, DEPTH = resource.RLIMIT_NOFILE, np.geterr(), sys.getrecursionlimit()
LIMIT = resource.getrlimit(FILES)
CHANGES = {
    "environment": (lambda: os.environ.update(LEFT="x"), lambda: os.environ.pop("LEFT")),
    "umask": (lambda: os.umask(0o777), lambda: os.umask(0o022)),
    "limits": (lambda: lower(FILES), lambda: resource.setrlimit(FILES, LIMIT)),
    "depth of calls": (lambda: sys.setrecursionlimit(DEPTH + 1), lambda: sys.setrecursionlimit(DEPTH)),
    "switching of threads": (lambda: sys.setswitchinterval(1), lambda: sys.setswitchinterval(0.005)),
    "collector": (lambda: gc.set_threshold(1), lambda: gc.set_threshold(700, 10, 10)),
    "signals held back": (
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]),
        lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1]),
    ),
    "another handler": (
        lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN),
        lambda: signal.signal(signal.SIGUSR2, signal.SIG_DFL),
    ),
    "floating-point errors": (lambda: np.seterr(under="raise"), lambda: np.seterr(**ERRORS)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_setting_of_the_process_is_seen(what):
    change, change_back = CHANGES[what]
    before = Leftovers.of_this_process()
    change()
    try:
        after = Leftovers.of_this_process()
    finally:
        change_back()
    assert after.harm_after(before)


@pytest.mark.parametrize(("more", "is_harm"), [(-9, False), (9, True)])
def test_files_that_stay_open_are_seen(more, is_harm):
    hole = os.open(os.devnull, os.O_RDONLY)
    before = Leftovers.of_this_process()
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(leftovers.MAX_LEFT_FILES + 1 + more)]
    os.close(hole)  # as what the worker itself had opened
    try:
        assert Leftovers.of_this_process().harm_after(before) == is_harm
    finally:
        for number in files:
            os.close(number)
