"""A campaign never uses more of a QPU than it may."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bnnbench.harness.campaign import Campaign, pending
from bnnbench.harness.executor import LocalExecutor
from bnnbench.store.store import open_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

MOCKED = Path(__file__).parents[1] / "mocked_dwave.py"

SUITE = """
repetitions = 4
[budget]
reads = 20
[[problems]]
name = "majority"
[[formulations]]
name = "reduced"
[[solvers]]
name = "{solver}"
{also}
[[solvers]]
name = "random"
"""


def run_suite(folder, max_qpu_seconds, also="", jobs=1):
    path = folder / "suite.toml"
    shutil.copy(MOCKED, folder)
    path.write_text(SUITE.format(solver=MOCKED.name, also=also), encoding="utf-8")
    planned = plan(read_suite(path), folder)
    with open_store(folder / "out") as store:
        cells = pending(list(planned.cells()), store.finished())
        places = LocalExecutor(jobs)
        rows = Campaign(store, planned.suite.limits, executor=places, max_qpu_seconds=max_qpu_seconds).run(cells)
        return [(cell.solver.label.startswith("mocked"), outcome) for cell, outcome in rows]


def on_qpu(rows):
    return [outcome for is_mocked, outcome in rows if is_mocked]


# Each run is estimated at 18 ms (20 reads and the programming), and then is clocked at the mock's 8.55028 ms.
@pytest.mark.parametrize("jobs", [1, 3])
def test_runs_past_the_limit_are_rows_that_say_so(tmp_path, jobs):
    rows = run_suite(tmp_path, 0.035, jobs=jobs)

    statuses = [outcome.status for outcome in on_qpu(rows)]
    assert 0 < statuses.count("ok") < 4
    assert statuses.count("unavailable") == 4 - statuses.count("ok")
    assert sum(outcome.clocks.get("qpu_access_s", 0) for outcome in on_qpu(rows)) <= 0.035
    assert all(outcome.status == "ok" for is_mocked, outcome in rows if not is_mocked)
    refused = next(outcome for outcome in on_qpu(rows) if outcome.status == "unavailable")
    assert "s of QPU access, but" in refused.message
    assert "left of --max-qpu-seconds; nothing was submitted" in refused.message


def test_the_same_campaign_with_a_larger_limit_runs_the_rest(tmp_path):
    assert {outcome.status for outcome in on_qpu(run_suite(tmp_path, 0.0))} == {"unavailable"}

    rows = run_suite(tmp_path, 60.0)

    assert [(is_mocked, outcome.status) for is_mocked, outcome in rows] == [(True, "ok")] * 4


def test_a_run_that_fails_is_charged_its_estimate(tmp_path):
    slow = 'reads_per_call = 10\nconnection = "breaks"'

    rows = on_qpu(run_suite(tmp_path, 0.05, slow))

    assert {outcome.status for outcome in rows} == {"error", "unavailable"}


def test_without_a_limit_nothing_is_held_back(tmp_path):
    assert {outcome.status for _, outcome in run_suite(tmp_path, None, jobs=3)} == {"ok"}
