"""A published store can do what a store can, and nothing of it is believed."""

from __future__ import annotations

import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_stores

from bnnbench.errors import StoreError
from bnnbench.store.output import write_folder
from bnnbench.store.published import TABLES, published_files
from bnnbench.store.schema import tables
from bnnbench.store.store import read_store
from bnnbench.store.verify import verify


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return small_stores.fill(tmp_path_factory.mktemp("stored"), repetitions=1)


@pytest.fixture
def published(stored, tmp_path):
    with read_store(stored) as store:
        write_folder(tmp_path / "published", published_files(store))
    return tmp_path / "published"


def test_every_cell_comes_back(stored, published):
    with read_store(stored) as one, read_store(published) as other:
        for table in tables():
            assert other.rows(table) == one.rows(table), table
        pd.testing.assert_frame_equal(other.runs(), one.runs())


def test_it_is_verified_from_its_samples(published):
    with read_store(published) as store:
        assert list(verify(store)) == []


@pytest.mark.parametrize(
    "command",
    [
        ["verify", "DIR"],
        ["show", "DIR"],
        ["report", "DIR", "-o", "report.html"],
        ["compare", "DIR", "OTHER"],
        ["figure", "DIR", "gap_over_time", "-o", "gap.svg"],
        ["merge", "DIR", "OTHER", "-o", "merged"],
    ],
    ids=lambda command: command[0],
)
def test_verbs_read_it_as_they_read_a_store(published, stored, tmp_path, monkeypatch, command, bnnbench_):
    monkeypatch.chdir(tmp_path)
    names = {"DIR": str(published), "OTHER": str(stored)}
    code, _, err = bnnbench_(*(names.get(word, word) for word in command))
    assert (code, "Traceback" in err) == (0, False), err


def test_submit_packs_what_verify_passes(stored, tmp_path, bnnbench_):
    code, out, err = bnnbench_("submit", stored, "-o", tmp_path / "sent")
    assert code == 0, err
    assert "27 runs" in out
    assert {path.name for path in (tmp_path / "sent").iterdir()} == {
        "store", "runs.parquet", "summary.md", "environment.md"
    }  # fmt: skip
    for table in ("summary", "environment"):
        assert bnnbench_("verify-table", tmp_path / "sent" / f"{table}.md")[0] == 0


def test_a_campaign_does_not_write_where_results_are_published(published, tmp_path, monkeypatch, bnnbench_):
    suite = tmp_path / "published.toml"
    suite.write_text(
        'budget = {reads = 1}\nproblems = [{name = "parity"}]\nformulations = [{name = "compact"}]\n'
        'solvers = [{name = "random"}]\n'
    )
    code, _, err = bnnbench_("run", suite, "--out", published, "--dry-run")
    assert (code, "holds published results" in err) == (2, True)
    (tmp_path / "results").mkdir()
    published.rename(tmp_path / "results" / "published")
    monkeypatch.chdir(tmp_path)
    assert bnnbench_("run", suite)[0] == 0
    assert [path.name for path in (tmp_path / "results" / "published").iterdir()] == [TABLES]
    assert (tmp_path / "results" / "published-new" / "runs.sqlite").is_file()


def test_submit_refuses_what_does_not_hold(published, tmp_path, bnnbench_):
    change(published / TABLES / "runs.parquet", "loss", 0.5)
    code, _, err = bnnbench_("submit", published, "-o", tmp_path / "sent")
    assert code == 1
    assert "nothing was written" in err
    assert not (tmp_path / "sent").exists()


def change(path, column, value):
    table = pq.read_table(path)
    place = table.schema.get_field_index(column)
    values = [value, *table[column].to_pylist()[1:]]
    pq.write_table(table.set_column(place, table.field(column), pa.array(values, table.field(column).type)), path)


def test_a_changed_loss_is_found(published):
    change(published / TABLES / "runs.parquet", "loss", 0.5)
    with read_store(published) as store:
        assert list(verify(store)) != []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b"my thesis"), "cannot be read"),
        (lambda path: pq.write_table(pa.table({"key": ["a"]}), path), "other columns"),
        (lambda path: pq.write_table(pa.concat_tables([pq.read_table(path)] * 2), path), "contradict each other"),
    ],
)
def test_what_is_no_published_store_is_refused_with_a_sentence(published, spoil, says):
    spoil(published / TABLES / "runs.parquet")
    with pytest.raises(StoreError, match=says):
        read_store(published)


def test_a_published_store_is_not_written_to(published):
    with read_store(published) as store, pytest.raises(StoreError):
        store.add_machine({"cpu": "mine"})


def test_a_store_beside_it_goes_first(stored, published):
    shutil.copy(stored / "runs.sqlite", published)
    (published / TABLES / "runs.parquet").unlink()
    with read_store(published) as store:
        assert store.run_keys()
