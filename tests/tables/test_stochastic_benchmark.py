"""The reads for stochastic-benchmark are those that the runs counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_stores import FAILED, ended, fill

from bnnbench.errors import InputError
from bnnbench.runs.judge import JudgedBatch
from bnnbench.store.store import read_store
from bnnbench.tables.stochastic_benchmark import stochastic_benchmark_table


def batch(levels, num_reads, mean_loss):
    return JudgedBatch(1.0, num_reads, 0.0, 0.0, 0.0, mean_loss, [], levels, {}, 1.0, None, "", "", None, {}, {})


def table(folder, outcomes):
    with read_store(fill(folder, outcomes)) as store:
        return stochastic_benchmark_table(store)


def test_losses_are_counted_over_batches(tmp_path):
    batches = [batch([(0.0, 1), (2.0, 3)], 4, 1.5), batch([(2.0, 2)], 2, 2.0)]

    rows = table(tmp_path, {("compact", "good"): [ended(batches=batches, num_reads=6, sample_s=3.0), *FAILED]})

    assert rows[["response", "count"]].to_numpy().tolist() == [[0.0, 1.0], [2.0, 5.0]]
    assert set(rows["resource"]) == {0.5}
    assert rows["best_value"].notna().all()


def test_reads_above_the_kept_losses_keep_their_mean(tmp_path):
    batches = [batch([(0.0, 1)], 5, 4.0)]

    rows = table(tmp_path, {("compact", "good"): [ended(batches=batches, num_reads=5)]})

    assert rows[["response", "count"]].to_numpy().tolist() == [[0.0, 1.0], [5.0, 4.0]]


def test_a_read_that_was_bettered_is_one_row(tmp_path):
    first, later = batch([(3.0, 1)], 1, 3.0), batch([(2.0, 1)], 0, 2.0)
    batches = [replace(first, energy=3.0), replace(later, energy=2.0)]

    rows = table(tmp_path, {("compact", "good"): [ended(batches=batches, num_reads=1)]})

    assert rows[["response", "count"]].to_numpy().tolist() == [[2.0, 1.0]]


def test_the_random_value_is_the_floor_s_mean_and_empty_without_one(tmp_path):
    one = ended(batches=[batch([(1.0, 20)], 20, 1.0)], num_reads=20, mean_loss=1.0)
    with_floor = table(tmp_path / "a", {("compact", "good"): [one], ("compact", "random"): [one]})
    without = table(tmp_path / "b", {("compact", "good"): [one]})

    assert set(with_floor["random_value"]) == {1.0}
    assert without["random_value"].isna().all()


def test_without_reads_there_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="no run with a read"):
        table(tmp_path, {("compact", "good"): FAILED})
