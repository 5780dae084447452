"""A suite may call a solver what tables shall call it; the store keeps what it is."""

from __future__ import annotations

import pytest
from suite_texts import suite_text

from bnnbench.errors import InputError
from bnnbench.metrics import summarize
from bnnbench.store.store import read_store
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan

SUITE = suite_text(
    {"name": "parity", "size": 2}, ["steepest_descent", "random"], formulations=["compact"], budget={"reads": 20}
)


def labeled(line):
    return SUITE.replace('name = "steepest_descent"\n', f'name = "steepest_descent"\n{line}\n')


@pytest.fixture
def run(tmp_path, bnnbench_):
    def run(label):
        (tmp_path / "s.toml").write_text(labeled(label))
        code, out, err = bnnbench_("run", tmp_path / "s.toml", "--out", tmp_path / "out")
        assert code == 0, err
        with read_store(tmp_path / "out") as store:
            return out, err, store.runs()

    return run


def test_tables_show_the_label_and_the_store_keeps_the_specification(run, tmp_path):
    out, _, runs = run('label = "Greedy descent"')
    assert "Greedy descent" in out
    assert "steepest_descent" not in out
    assert sorted(runs["solver"]) == ["random", "steepest_descent"]
    assert sorted(summarize(runs)["solver"]) == ["Greedy descent", "random"]


def test_a_label_is_changed_without_a_run(run):
    before = run('label = "Old name"')[2]
    out, err, after = run('label = "New name"')
    assert "2 of them done before" in err
    assert "New name" in out
    assert after["started_at"].tolist() == before["started_at"].tolist()
    assert run("")[2]["label"].isna().all()


def test_a_renamed_store_is_still_sealed(run, tmp_path, bnnbench_):
    run('label = "Old name"')
    run('label = "New name"')
    assert bnnbench_("verify", tmp_path / "out")[0] == 0


@pytest.mark.parametrize("label", ['"a\\nb"', "7", f'"{"x" * 61}"'])
def test_a_label_that_is_no_name_is_refused(tmp_path, label):
    (tmp_path / "s.toml").write_text(labeled(f"label = {label}"))
    with pytest.raises(InputError, match="is no name for a table"):
        plan(read_suite(tmp_path / "s.toml"), tmp_path)
