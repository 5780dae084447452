"""What was published of a store gives the same tables, and is told from the store."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from made_stores import MIXED, ended, fill

from bnnbench.errors import InputError
from bnnbench.store.parquet import PUBLISHED, Published, name_of, open_results
from bnnbench.store.store import Store
from bnnbench.tables import KINDS


@pytest.fixture
def published(bnnbench_, tmp_path):
    """A folder of a checkout: the same name as the store's, without the store."""
    fill(tmp_path / "run" / "made", MIXED)
    (tmp_path / "made").mkdir()
    file = tmp_path / "made" / PUBLISHED
    assert bnnbench_("export", tmp_path / "run" / "made", "--to", "parquet", "-o", file)[0] == 0
    return tmp_path / "made"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"embedding"}))
def test_tables_and_views_are_those_of_the_store(bnnbench_, published, kind):
    texts = []
    for results in (published.parent / "run" / "made", published, published / PUBLISHED):
        code, out, err = bnnbench_("export", results, "--to", "markdown", "--table", kind)
        assert (code, err) == (0, ""), err
        texts.append([line for line in out.splitlines() if "bnnbench-stamp" not in line])
    assert texts[0] == texts[1] == texts[2]
    shown = [bnnbench_("show", results) for results in (published.parent / "run" / "made", published)]
    assert shown[0] == shown[1]


def test_rows_come_back_as_they_were(published):
    with open_results(published.parent / "run" / "made") as store, open_results(published) as file:
        assert isinstance(store, Store)
        assert isinstance(file, Published)
        rows, again = store.runs(), file.runs()
        assert store.machines() == file.machines()
    assert list(rows) == list(again)
    for name in rows:
        assert rows[name].isna().tolist() == again[name].isna().tolist(), name
        assert rows[name].dropna().tolist() == again[name].dropna().tolist(), name


def test_a_table_of_published_runs_can_be_checked(bnnbench_, published, monkeypatch):
    monkeypatch.chdir(published)
    assert bnnbench_("export", PUBLISHED, "--to", "markdown", "-o", "summary.md")[0] == 0
    monkeypatch.chdir("/")
    code, out, err = bnnbench_("verify-table", published / "summary.md")
    assert (code, err) == (0, "")
    assert "every number is what its store gives" in out
    (published / "summary.md").write_text((published / "summary.md").read_text().replace("100", "99", 1))
    assert bnnbench_("verify-table", published / "summary.md")[0] != 0


def test_the_folder_s_own_store_comes_first_and_the_file_can_be_named(bnnbench_, published):
    fill(published, {("compact", "random"): [ended(7), ended(7)]})
    with open_results(published) as own, open_results(published / PUBLISHED) as file:
        assert len(own.runs()) == 2
        assert len(file.runs()) > 2
    code, out, err = bnnbench_("compare", published, published / PUBLISHED)
    assert (code, err) == (0, "")
    assert "made, second" in " ".join(out.split()), "they have one name"


def test_results_are_not_compared_with_themselves(bnnbench_, published):
    code, _, err = bnnbench_("compare", published, published)
    assert code == 2
    assert "the same results" in err


def test_a_store_is_compared_with_what_was_published(bnnbench_, published, tmp_path):
    mine = fill(tmp_path / "mine", {("compact", "good"): [ended(1)] * 8})
    code, out, err = bnnbench_("compare", mine, published)
    assert (code, err) == (0, "")
    assert "good" in out


def test_what_is_no_file_of_runs_is_a_sentence(bnnbench_, published, tmp_path):
    (tmp_path / "text.parquet").write_text("no parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    whole = (published / PUBLISHED).read_bytes()
    (tmp_path / "torn.parquet").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "other", "torn", "absent"):
        code, _, err = bnnbench_("show", tmp_path / f"{name}.parquet")
        assert code == 2, name
        assert "Traceback" not in err
    with pytest.raises(InputError, match="holds no published runs"):
        open_results(tmp_path / "other.parquet")


def test_what_needs_samples_says_that_there_are_none(bnnbench_, published, tmp_path):
    shutil.rmtree(published.parent / "run")
    for arguments in (["verify", published], ["figure", published, "gap_over_time", "-o", tmp_path / "x.svg"]):
        code, _, err = bnnbench_(*arguments)
        assert code == 2
        assert f"{PUBLISHED} has runs without their samples" in " ".join(err.split())


def test_a_file_of_runs_is_called_by_its_own_name_unless_that_says_nothing(published):
    assert name_of(published) == name_of(published / PUBLISHED) == "made"
    assert name_of(published / "other.parquet") == "other"


def test_a_file_that_holds_no_results_is_a_sentence(bnnbench_, published):
    (published / "people.csv").write_text("a,b")
    code, _, err = bnnbench_("show", published / "people.csv")
    assert code == 2
    assert "people.csv is a file; give the folder of results that it lies in" in err
