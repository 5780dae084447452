"""What bnnbench did not make is never overwritten, and what it makes again is whole."""

from __future__ import annotations

import sqlite3

import pytest

from bnnbench.errors import InputError
from bnnbench.store.output import write_output
from bnnbench.store.store import open_store

TABLE = b"key,problem,problem_hash\n1,2,3\n"


def test_a_file_that_was_made_before_is_made_again(tmp_path):
    path = tmp_path / "runs.csv"
    write_output(path, TABLE)

    write_output(path, TABLE + b"4,5,6\n")

    assert path.read_bytes() == TABLE + b"4,5,6\n"
    assert [p.name for p in tmp_path.iterdir()] == ["runs.csv"]


@pytest.mark.parametrize("content", [b"name,age\n", b"PAR1....", b"\x00" * 20, b"<!DOCTYPE html>"])
def test_another_file_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "mine"
    path.write_bytes(content)

    with pytest.raises(InputError, match="it was left as it is; give another path with -o"):
        write_output(path, TABLE)

    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [TABLE, b"<!DOCTYPE html>", b"PAR1", b"%PDF-1.4", b"SQL"])
def test_no_store_and_no_database_is_overwritten(tmp_path, content):
    with open_store(tmp_path / "results"):
        pass
    sqlite3.connect(tmp_path / "mine.db").executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    for path in (tmp_path / "results" / "runs.sqlite", tmp_path / "mine.db"):
        before = path.read_bytes()

        with pytest.raises(InputError, match="database"):
            write_output(path, content)

        assert path.read_bytes() == before


def test_somebody_s_page_is_left_as_it_is_and_ours_is_made_again(tmp_path):
    path, page = tmp_path / "index.html", b"<!DOCTYPE html><title>bnnbench: results</title>"
    path.write_bytes(b"<!DOCTYPE html><title>my page</title>")

    with pytest.raises(InputError, match="no file of this kind"):
        write_output(path, page)
    path.write_bytes(page)
    write_output(path, page * 2)

    assert path.read_bytes() == page * 2


@pytest.mark.parametrize("name", ["runs.sqlite", "runs.sqlite-wal", "runs.sqlite-journal", "runs.lock"])
def test_no_name_of_a_file_of_a_store_is_given_to_another(tmp_path, name):
    (tmp_path / "runs.lock").touch()

    with pytest.raises(InputError, match="bears the name of a file of a store"):
        write_output(tmp_path / name, TABLE)


def test_a_folder_an_unwritable_place_and_an_empty_file_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        write_output(tmp_path, TABLE)
    with pytest.raises(InputError, match="cannot be written"):
        write_output(tmp_path / "no" / "where.csv", TABLE)

    (tmp_path / "empty").touch()
    write_output(tmp_path / "empty", TABLE)

    assert (tmp_path / "empty").read_bytes() == TABLE


def test_what_a_link_points_to_is_written(tmp_path):
    (tmp_path / "there.csv").write_bytes(TABLE)
    (tmp_path / "here.csv").symlink_to(tmp_path / "there.csv")

    write_output(tmp_path / "here.csv", TABLE * 2)

    assert (tmp_path / "here.csv").is_symlink()
    assert (tmp_path / "there.csv").read_bytes() == TABLE * 2
