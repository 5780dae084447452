"""To add a measured column is to change one file: it is then in the store, every table, the report and the guide."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from suite_texts import suite_text

import bnnbench

PACKAGE = Path(bnnbench.__file__).parent
"""As installed, where its kernels are compiled; they need half a minute."""
FIELD = """
    num_batches: int | None = column(
        "batches that the solver answered", default=None, unit="batches", empty="there is no read", header="batches",
        statistic="median", follows_from="batches",
    )
    flags: list[str] = column("""
SUITE = suite_text({"name": "parity", "size": 2}, formulations=["compact"], budget={"reads": 20}, repetitions=2)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the package in which one file is another: outcome.py has a field more, and fills it."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(PACKAGE, folder / "bnnbench")  # with compiled kernels
    path = folder / "bnnbench" / "runs" / "outcome.py"
    text = path.read_text()
    for old, new in (
        ("\n    flags: list[str] = column(", FIELD),
        ("        num_reads=num_reads,\n", "        num_reads=num_reads,\n        num_batches=len(batches),\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    (folder / "s.toml").write_text(SUITE)
    line = "import sys; sys.path.insert(0, '.'); from bnnbench.cli import main; main()"
    assert python(folder, line, "run", "s.toml", "--out", "out")
    return folder


@pytest.fixture(scope="module")
def said(tree):
    """Standard output of the verbs of the copy, one after another in one process."""
    parts = python(tree, VERBS).split(END)
    assert (tree / "report.html").exists()
    return dict(zip(("csv", "table", "latex", "html", "report", "guide", "verify"), parts, strict=True))


END = "the end of a verb"
VERBS = f"""
import sys; sys.path.insert(0, '.')
from bnnbench.cli import main
from bnnbench.store.columns import columns_guide
for verb in ("export out", "show out", "export out --to latex", "export out --to html", "report out -o report.html",
             "guide", "verify out"):
    sys.argv = ["bnnbench", *verb.split()]
    try:
        print(columns_guide()) if verb == "guide" else main()
    except SystemExit as leave:
        assert not leave.code, verb
    if verb != "verify out":
        print("{END}")
"""


def python(folder, code, *arguments):
    """Standard output of a process in which the copy is found."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(folder):
    """The environment, in which the copy is found before the installed package."""
    return os.environ | {"COLUMNS": "250", "PYTHONPATH": str(folder)}


def test_it_is_in_the_csv_and_holds_what_was_measured(said):
    header, *rows = said["csv"].strip().splitlines()

    place = header.split(",").index("num_batches")
    assert all(float(row.split(",")[place]) >= 1 for row in rows if '"' not in row)


@pytest.mark.parametrize("kind", ["table", "latex", "html"])
def test_it_is_in_every_table(said, kind):
    assert "batches" in said[kind]


@pytest.mark.usefixtures("said")
def test_it_is_in_the_report(tree):
    assert '"num_batches"' in (tree / "report.html").read_text()


def test_it_is_in_the_guide(said):
    assert "| `num_batches` | batches that the solver answered | batches | there is no read |" in said["guide"]


def test_verify_recomputes_it(said):
    assert "num_batches" in said["verify"]
