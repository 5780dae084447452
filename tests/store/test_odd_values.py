"""Numbers at the edge of what a file can hold: all who read a store agree about them."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pandas as pd
import pytest
from stored_cells import NOTE, add_everything, make_cell

from bnnbench.harness.rerun import rebuild
from bnnbench.optimum.find import ground_truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.runs.judge import judge
from bnnbench.runs.outcome import fold
from bnnbench.runs.target import Target
from bnnbench.solver.contract import Batch, Budget
from bnnbench.store.answers import differences
from bnnbench.store.merge import merge
from bnnbench.store.parquet import open_results, to_parquet
from bnnbench.store.store import open_store, read_store
from bnnbench.store.verify import verify
from bnnbench.tables.terminal import to_csv

FACTS = {
    "nan": math.nan, "inf": -math.inf, "large": 10**400, "edge": 2**63, "none": None, "text": "a\x00b\ud800",
    "flag": True,
}  # fmt: skip


@pytest.fixture(params=[None, -math.inf, math.inf, math.nan, 0.0])
def folder(request, tmp_path):
    """A store with a run that claimed a bound, and told facts of every kind."""
    cell = make_cell()
    instance = compile_problem(cell.problem, cell.formulation)
    bits = instance.complete(ground_truth(cell.problem).optima[:1])
    batch = judge(instance, Batch(bits, lower_bound=request.param, facts=FACTS), 0.1)
    outcome = fold([batch], Target(0.0, "exhaustive", is_sound=True), Budget(reads=20), status="ok")
    for name in ("a", "b"):
        with open_store(tmp_path / name) as store:
            note = replace(NOTE, machine=store.add_machine({"cpu": "c"}))
            add_everything(store, cell, outcome, note=note)
    return tmp_path


def test_verify_finds_nothing(folder):
    with read_store(folder / "a") as store:
        assert list(verify(store)) == []


def test_merge_takes_equal_runs_for_one(folder):
    assert merge([folder / "a", folder / "b"], folder / "c").num_equal == 1


def test_a_run_answers_as_itself_and_can_be_built_again(folder):
    with read_store(folder / "a") as store:
        (stored,) = store.stored_runs()

        assert differences(stored.answer, stored.answer) == []
        assert rebuild(store, stored.row).key == stored.key


def test_csv_and_parquet_hold_the_same_rows(folder):
    with read_store(folder / "a") as store:
        runs, machines = store.runs(), store.machines()
    stream = io.StringIO()
    to_csv(runs, stream)
    (folder / "runs.parquet").write_bytes(to_parquet(runs, machines))

    back = pd.read_csv(io.StringIO(stream.getvalue()))
    with open_results(folder / "runs.parquet") as published:
        rows = published.runs()

    for frame in (back, rows):
        assert frame["energy"].tolist() == runs["energy"].tolist()
        assert str(frame["fact.large"][0]) == str(10**400)
    assert math.isnan(rows["fact.nan"][0])
    assert rows["fact.inf"][0] == -math.inf
