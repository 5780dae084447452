"""A table that was changed, or whose store was, is found; one that was not holds."""

from __future__ import annotations

import io
import json
import re
import shutil

import pandas as pd
import pytest
from made_stores import MIXED, ended, fill
from stored_cells import NOTE, make_cell

from bnnbench.store.store import open_store


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "results", MIXED)


FORMATS = ["markdown", "latex", "html", "parquet"]


def export(bnnbench_, folder, path, *options):
    code, _, err = bnnbench_("export", folder, *options, "-o", path)
    assert code == 0, err
    return path


@pytest.mark.parametrize(
    ("form", "kind"), list(zip(FORMATS, ["summary", "problems", "formulations", "environment"], strict=True))
)
def test_a_table_that_was_not_touched_holds_also_elsewhere(bnnbench_, folder, tmp_path, form, kind, monkeypatch):
    table = export(bnnbench_, folder, tmp_path / f"t.{form}", "--to", form, "--table", kind)
    code, out, err = bnnbench_("verify-table", table)
    assert (code, err) == (0, "")
    assert "every number is what its store gives" in out
    shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-moved"))
    monkeypatch.chdir("/")
    assert bnnbench_("verify-table", tmp_path.with_name(f"{tmp_path.name}-moved") / table.name)[0] == 0


def test_what_went_to_standard_output_is_found_from_the_working_directory(bnnbench_, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = bnnbench_("export", "results", "--to", "markdown")
    assert code == 0
    (tmp_path / "sub folder").mkdir()
    (tmp_path / "sub folder" / "t.md").write_text(out)
    assert bnnbench_("verify-table", "sub folder/t.md")[0] == 0


def test_macros_are_checked_too(bnnbench_, folder, tmp_path):
    table = export(bnnbench_, folder, tmp_path / "m.tex", "--to", "latex", "--macros")
    assert bnnbench_("verify-table", table)[0] == 0
    table.write_text(table.read_text().replace("\\num{100}", "\\num{99}", 1))
    code, out, _ = bnnbench_("verify-table", table)
    assert code == 1
    assert "+\\newcommand{\\bnnResultsCompactGoodSolved}{\\num{100}}" in out


def test_a_view_of_a_table_holds_with_either_environment_of_latex(bnnbench_, folder, tmp_path):
    view = ["--columns", "solved,ERT,mean read", "--solver", "good", "--solver", "random", "--width", "column"]
    path = export(bnnbench_, folder, tmp_path / "t.tex", "--to", "latex", *view)
    text = path.read_text()
    path.write_text(text.replace("{table}", "{table*}").replace("\\begin{table*}", "\\begin{table*}[!htb]"))
    assert bnnbench_("verify-table", path)[0] == 0
    changed = re.sub(r"\\num\{(\d)", r"\\num{1\1", text, count=1)
    assert changed != text
    path.write_text(changed)
    assert bnnbench_("verify-table", path)[0] == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--width", "page"], "--width page is that of a table in LaTeX"),
        (["--to", "csv", "--solver", "good"], "--width, --columns and --solver are for tables"),
        (["--to", "latex", "--columns", "speed"], "'speed'"),
    ],
)
def test_a_view_that_does_not_apply_is_refused(bnnbench_, folder, options, sentence):
    options = options if "--to" in options else ["--to", "markdown", *options]
    code, _, err = bnnbench_("export", folder, *options)
    assert (code, sentence in err) == (2, True), err


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_a_number_that_was_changed_is_shown(bnnbench_, folder, tmp_path, form):
    table = export(bnnbench_, folder, tmp_path / "t", "--to", form)
    text = table.read_text()
    assert "69" in text
    table.write_text(text.replace("69", "96", 1))
    code, out, err = bnnbench_("verify-table", table)
    assert code == 1
    changed = [line for line in out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert len(changed) == 2
    assert "is not what its store gives" in err


def test_a_number_that_was_changed_in_parquet_is_shown(bnnbench_, folder, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = export(bnnbench_, folder, tmp_path / "t.parquet", "--to", "parquet", "--table", "summary")
    table = pq.read_table(io.BytesIO(path.read_bytes()))
    frame = table.to_pandas()
    frame.loc[0, "runs"] += 1
    pq.write_table(pa.Table.from_pandas(frame).replace_schema_metadata(table.schema.metadata), path)
    code, out, _ = bnnbench_("verify-table", path)
    assert code == 1
    assert out.startswith("row 0, runs: the table has 1, the store gives 0.")
    assert isinstance(frame, pd.DataFrame)


def test_a_store_that_grew_is_seen(bnnbench_, folder, tmp_path):
    table = export(bnnbench_, folder, tmp_path / "t.md", "--to", "markdown")
    with open_store(folder) as store:
        store.add_run(make_cell(99, solver="good", repetition=99), ended(5), NOTE)
    code, out, _ = bnnbench_("verify-table", table)
    assert code == 1
    assert "stamp: the suite was" in out
    assert "other runs were asked" in out


def test_another_store_of_the_same_suite_is_seen(bnnbench_, folder, tmp_path):
    table = export(bnnbench_, folder, tmp_path / "t.md", "--to", "markdown")
    other = fill(tmp_path / "other", MIXED | {("soft", "random"): [ended(2, 2, sample_s=0.6)]})
    code, out, _ = bnnbench_("verify-table", table, "--results", other)
    assert code == 1
    assert "the content of its runs is another" in out
    assert "stamp: the suite" not in out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("| no | stamp |", "has no stamp of bnnbench"),
        ("<!-- bnnbench-stamp {broken} -->", "its stamp cannot be read"),
        ("% bnnbench-stamp {}", "its stamp cannot be read"),
        ('% bnnbench-stamp {"table":1,"format":"latex","results":"r","store":"s"}', "its stamp cannot be read"),
        ('% bnnbench-stamp {"table":"x","format":"latex","results":"r","store":"s"}', "names the table 'x' as 'latex'"),
        (
            '% bnnbench-stamp {"table":"summary","format":"latex","results":"r","store":"s"}',
            "give the results with --results",
        ),
        ("% bnnbench-stamp {" + "[" * 100_000 + "}", "its stamp cannot be read"),
        ("PAR1 and nothing else", "is no Parquet file"),
    ],
)
def test_what_cannot_be_checked_is_a_sentence(bnnbench_, tmp_path, text, sentence):
    (tmp_path / "t").write_text(text)
    code, _, err = bnnbench_("verify-table", tmp_path / "t")
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err


def test_a_missing_table_is_a_sentence(bnnbench_, tmp_path):
    code, _, err = bnnbench_("verify-table", tmp_path / "none")
    assert code == 2
    assert "cannot be read" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--to", "latex", "--table", "runs"], "--table runs is data"),
        (["--to", "html", "--macros"], "--macros are commands of LaTeX"),
        (["--to", "html", "--table", "embedding"], "no run went through an embedding"),
    ],
)
def test_what_cannot_be_exported_is_a_sentence(bnnbench_, folder, options, sentence):
    code, _, err = bnnbench_("export", folder, *options)
    assert code == 2
    assert sentence in err


def test_the_stamp_tells_no_absolute_path(bnnbench_, folder, tmp_path):
    text = export(bnnbench_, folder.resolve(), tmp_path / "t.html", "--to", "html").read_text()
    stamp = json.loads(text.partition("bnnbench-stamp ")[2].partition(" -->")[0])
    assert stamp["results"] == "results"
    assert stamp["commits"] == ["0123456789abcdef+"]
    assert stamp["runs"] == sum(map(len, MIXED.values()))


def test_all_runs_go_to_parquet(bnnbench_, folder, tmp_path):
    path = export(bnnbench_, folder, tmp_path / "r.parquet", "--to", "parquet")
    assert len(pd.read_parquet(path)) == sum(map(len, MIXED.values()))
