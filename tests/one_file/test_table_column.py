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

PACKAGE = Path(build.__file__).parents[1]
"""As installed, where its kernels are compiled."""
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


VERBS = ("show out", "export out --to markdown", "export out --to latex", "export out --to html")
LINES = """
import sys
sys.path.insert(0, '.')
from bnnbench.cli import main
for verb in sys.argv[1:]:
    sys.argv = ["bnnbench", *verb.split()]
    try:
        main()
    except SystemExit as leave:
        assert not leave.code, verb
    print("end of verb", flush=True)
"""


def bnnbench(folder, *verbs):
    """Standard output of each of some verbs of the copy, in one process, which takes a second to start."""
    done = subprocess.run(
        [sys.executable, "-c", LINES, *verbs],
        cwd=folder,
        env=os.environ | {"COLUMNS": "250", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("end of verb")[:-1]


def test_it_is_in_every_table(tree):
    tables = bnnbench(tree, *VERBS)

    assert [verb for verb, table in zip(VERBS, tables, strict=True) if "everyread" not in table] == []


def test_it_is_in_the_report_and_in_what_is_checked(tree):
    *_, checked = bnnbench(
        tree, "report out -o report.html", "export out --to markdown -o table.md", "verify-table table.md"
    )

    assert "everyread [loss]" in (tree / "report.html").read_text()
    assert "every number is what its store gives" in checked


def test_the_lists_of_terminal_and_papers_are_derived_from_the_one_list():
    names = {column.name for column in SUMMARY}

    assert set(terminal.COLUMNS) == names - {"solved_share"}
    assert set(build.SUMMARY_COLUMNS) == names - {"solved", "flagged"}
