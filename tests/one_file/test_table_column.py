"""To add a column of a table is to change one file: it is then in every format, in the report, and checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_stores import fill

from bnnbench.metrics import SUMMARY
from bnnbench.tables import build, terminal

PACKAGE = Path(__file__).parents[2] / "bnnbench"
OLD = '    Column("flagged", "runs with flag_texts"'
NEW = """    Column(
        "mean_loss", "over all reads", "real", "loss", header="everyread", statistic="median", drop_rank=None
    ),
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Results, and a copy of the package in which one file has one line more."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(PACKAGE, folder / "bnnbench")
    path = folder / "bnnbench" / "metrics" / "summary.py"
    text = path.read_text()
    assert text.count(OLD) == 1
    path.write_text(text.replace(OLD, NEW + OLD))
    fill(folder / "out", problems=["majority"], settings=["compact"], repetitions=1)
    return folder


def bnnbench(folder, *arguments):
    """Standard output of a verb of the copy."""
    line = "import sys; sys.path.insert(0, '.'); from bnnbench.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", line, *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "250", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "verb", ["show out", "export out --to markdown", "export out --to latex", "export out --to html"]
)
def test_it_is_in_every_table(tree, verb):
    assert "everyread" in bnnbench(tree, *verb.split())


def test_it_is_in_the_report_and_in_what_is_checked(tree):
    bnnbench(tree, "report", "out", "-o", "report.html")
    bnnbench(tree, "export", "out", "--to", "markdown", "-o", "table.md")

    assert "everyread [loss]" in (tree / "report.html").read_text()
    assert "every number is what its store gives" in bnnbench(tree, "verify-table", "table.md")


def test_the_lists_of_terminal_and_papers_are_derived_from_the_one_list():
    names = {column.name for column in SUMMARY}

    assert set(terminal.COLUMNS) == names - {"solved_share"}
    assert set(build.SUMMARY_COLUMNS) == names - {"solved", "flagged"}
