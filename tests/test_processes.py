"""Processes start wherever TMPDIR is, and no file of the user's folder reaches them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from suite_texts import suite_text

SUITE = suite_text({"name": "parity", "size": 2}, budget={"reads": 5})


def call(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "bnnbench", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=usual_environment() | environment)


def usual_environment():
    """Leave out the setting that keeps the folder off the path of these tests themselves."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}


def test_a_file_that_is_named_like_a_module_reaches_no_process(tmp_path):
    (tmp_path / "s.toml").write_text(SUITE)
    for name in ("random", "logging", "locale", "typing", "tempfile", "numpy"):
        imported = tmp_path / f"{name}.imported"
        (tmp_path / f"{name}.py").write_text(f"open({str(imported)!r}, 'w'); raise RuntimeError")

    done = call("run", "s.toml", "--out", "out", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("*.imported"))


def test_other_verbs_do_not_import_it_either(tmp_path):
    (tmp_path / "s.toml").write_text(SUITE)
    assert call("run", "s.toml", "--out", "out", cwd=tmp_path).returncode == 0
    (tmp_path / "random.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w'); raise RuntimeError")
    (key,) = call("export", "out", cwd=tmp_path).stdout.splitlines()[1].split(",")[:1]

    for verb in (("truth", "parity[size=2]"), ("check", "steepest_descent"), ("rerun", key, "--results", "out")):
        done = call(*verb, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "imported").exists()


def test_a_file_of_the_folder_is_what_python_would_import(tmp_path):
    (tmp_path / "random.py").write_text("raise RuntimeError('imported')")

    done = subprocess.run(
        [sys.executable, "-c", "import random"], cwd=tmp_path, env=usual_environment(), capture_output=True, text=True
    )

    assert "imported" in done.stderr


def test_a_long_path_for_temporary_files_costs_nothing(tmp_path):
    (tmp_path / "s.toml").write_text(SUITE)
    folder = tmp_path / ("x" * 200)
    folder.mkdir()

    done = call("run", "s.toml", "--out", "out", cwd=tmp_path, TMPDIR=str(folder))

    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("folder", ["relative", "/dev/null"])
def test_a_folder_for_temporary_files_that_is_none_costs_nothing(tmp_path, folder):
    (tmp_path / "s.toml").write_text(SUITE)

    done = call("run", "s.toml", "--out", "out", cwd=tmp_path, TMPDIR=folder)

    assert done.returncode == 0, done.stderr


def test_nothing_is_left_in_the_folder_for_temporary_files(tmp_path):
    (tmp_path / "s.toml").write_text(SUITE)
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/bbt-XXXX"], text=True).strip())
    (folder / f"bnnbench-{os.getuid()}-left").mkdir()
    (folder / f"bnnbench-{os.getuid()}-left" / "lock").touch()
    (folder / f"bnnbench-{os.getuid()}-mine").mkdir()

    done = call("run", "s.toml", "--out", "out", cwd=tmp_path, TMPDIR=str(folder))

    assert done.returncode == 0, done.stderr
    left = sorted(path.name for path in folder.iterdir())
    assert left == [f"bnnbench-{os.getuid()}-mine"], "what a killed process left is gone, and nothing else"
    (folder / left[0]).rmdir()
    folder.rmdir()
