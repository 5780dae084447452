"""The server that processes of solvers are forked from, which has loaded what all of them need."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

from bnnbench.processes import apart


def start_quietly() -> ForkServerContext | SpawnContext:
    """Start the server that workers are forked from, without a terminal to write to.

    What solvers print is kept per run; what is left is the last words of workers that are stopped while they start.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bnnbench.harness.worker", "dimod", "pyqubo"])
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        with apart():
            forkserver.ensure_running()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
    return context
