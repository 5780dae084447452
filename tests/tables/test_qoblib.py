"""A submission has the columns of the library's own summary files, and what was measured in them."""

from __future__ import annotations

import csv
import io

import pytest
from made_stores import FAILED, ended, fill

from bnnbench.runs.outcome import Outcome
from bnnbench.store.store import read_store
from bnnbench.tables.qoblib import qoblib_submission

COLUMNS = (
    "Problem,Submitter,Date,Reference,Best Objective Value,Optimality Bound,Modeling Approach,# Decision Variables,"
    "# Binary Variables,# Integer Variables,# Continuous Variables,# Non-Zero Coefficients,Coefficients Type,"
    "Coefficients Range,Workflow,Algorithm Type,# Runs,# Feasible Runs,# Successful Runs,Success Threshold,"
    "Hardware Specifications,Total Runtime,CPU Runtime,GPU Runtime,QPU Runtime,Other HW Runtime,Remarks"
)


def submission(folder, outcomes, **options):
    with read_store(fill(folder, outcomes, **options)) as store:
        frame = qoblib_submission(store.runs(), store.machines())
    return list(csv.DictReader(io.StringIO(frame.to_csv(index=False))))


def test_the_columns_are_those_of_the_library(tmp_path):
    (row,) = submission(tmp_path, {("compact", "s"): [ended()]})
    assert list(row) == next(csv.reader([COLUMNS]))


def test_runs_are_counted_and_runtimes_added(tmp_path):
    outcomes = [ended(0, 0, lower_bound=0.0, prepare_s=0.25), ended(1, 1, violations=2), *FAILED]
    outcomes += [ended(0, 0, clocks={"qpu_access_s": 0.125})]
    (row,) = submission(tmp_path, {("compact", "s"): outcomes, ("compact", "t"): [Outcome("refused", "too large")]})
    assert [row[name] for name in ("# Runs", "# Feasible Runs", "# Successful Runs")] == ["5", "2", "2"]
    assert [float(row[name]) for name in ("Total Runtime", "QPU Runtime")] == [1.75, 0.125]
    assert float(row["Best Objective Value"]) == float(row["Optimality Bound"]) == 0
    assert row["Hardware Specifications"] == "A <fast> CPU & more, 8 cores"
    assert row["Date"] == "2026-01-01"


def test_a_run_that_breaks_penalties_has_no_objective_and_a_failed_one_has_its_time(tmp_path):
    late = Outcome("timeout", "took too long", sample_s=99.0)
    outcomes = [ended(-1, 0, energy=-3.0, violations=2), ended(5, 5, energy=2.0, violations=0), late]
    (row,) = submission(tmp_path, {("compact", "s"): outcomes})
    assert (float(row["Best Objective Value"]), row["# Successful Runs"]) == (2.0, "0")
    assert float(row["Total Runtime"]) == 100.0


@pytest.mark.parametrize("outcomes", [FAILED, [ended(energy_gap=None, loss_gap=0.0)]])
def test_what_is_not_known_is_not_guessed(tmp_path, outcomes):
    (row,) = submission(tmp_path, {("soft", "s"): outcomes})
    assert row["Optimality Bound"] == row["QPU Runtime"] == row["Submitter"] == "N/A"
