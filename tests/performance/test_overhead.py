"""What isolation costs: seconds per cell beyond the solver's own, on cells that do next to nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from suite_texts import suite_text

from bnnbench.harness.campaign import Campaign, find_truths, pending
from bnnbench.harness.executor import LocalExecutor
from bnnbench.harness.isolation.placement import lanes_apart
from bnnbench.store.store import open_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

SUITE = suite_text(
    {"name": "random_function", "hidden": [[]], "samples": 2},
    formulations=["compact"],
    budget={"reads": 1, "seconds": 10},
    repetitions=700,
)
WARM_UP = 100
"""Cells until all workers have started."""


@pytest.mark.parametrize(("jobs", "most_ms"), [(1, 5), (2, 3)])
def test_what_a_null_cell_costs(tmp_path, jobs, most_ms):
    (tmp_path / "null.toml").write_text(SUITE)
    planned = plan(read_suite(tmp_path / "null.toml"), tmp_path)
    with open_store(tmp_path / "out") as store:
        cells = pending(list(planned.cells()), store.finished())
        truths = {problem.hash: truth for problem, truth in find_truths(planned.problems, store)}
        start = 0.0
        runs = Campaign(store, planned.suite.limits, truths, executor=LocalExecutor(lanes_apart(jobs))).run(cells)
        for number, _ in enumerate(runs, start=1):
            if number == WARM_UP:
                start = time.perf_counter()
        per_cell_ms = 1000 * (time.perf_counter() - start) / (len(cells) - WARM_UP)
    print(f"\noverhead per null cell, isolated, --jobs {jobs}: {per_cell_ms:.2f} ms")
    assert per_cell_ms <= most_ms


def test_help_starts_in_0_3_s():
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bnnbench", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    print(f"\nbnnbench --help: median {sorted(seconds)[3]:.3f} s")
    assert sorted(seconds)[3] <= 0.3
