"""The traces for IOHanalyzer only improve, and their counters only grow."""

from __future__ import annotations

import pytest
from made_stores import FAILED, ended, fill

from bnnbench.errors import InputError
from bnnbench.runs.judge import JudgedBatch
from bnnbench.store.store import read_store
from bnnbench.tables.iohanalyzer import iohanalyzer_table


def batch(time_s, energy, loss, evaluations=7, num_reads=2):
    return JudgedBatch(
        time_s, num_reads, energy, loss, energy, loss, [], [], {}, 1.0, None, "", "", None, {}, {}, 0, evaluations
    )


def table(folder, outcomes):
    with read_store(fill(folder, outcomes)) as store:
        return iohanalyzer_table(store)


def test_a_row_comes_with_each_improvement_and_with_the_end(tmp_path):
    batches = [batch(0.5, 3.0, 2.0), batch(1.0, 4.0, 2.0), batch(1.5, 2.0, 2.0), batch(2.0, 2.0, 2.0)]

    rows = table(tmp_path, {("compact", "random"): [ended(batches=batches), *FAILED]})

    assert rows["sampling time [us]"].tolist() == [500_000, 1_500_000, 2_000_000]
    assert rows["energy"].tolist() == [3.0, 2.0, 2.0]
    assert rows["reads"].tolist() == [2, 6, 8]
    assert rows["evaluations"].tolist() == [7, 21, 28]
    assert set(rows["run"]) == {1}


def test_runs_are_numbered_within_a_solver(tmp_path):
    one = ended(batches=[batch(1.0, 1.0, 1.0)])

    rows = table(tmp_path, {("compact", "random"): [one, one], ("soft", "random"): [one]})

    assert sorted(zip(rows["solver"], rows["run"], strict=True)) == [
        ("random on compact", 1), ("random on compact", 2), ("random on soft", 1)
    ]  # fmt: skip


def test_without_a_trace_there_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="no run with a sample"):
        table(tmp_path, {("compact", "random"): FAILED})
