"""To add a column of a table is a change of one place."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from small_stores import fill

from bnnbench.metrics import summary
from bnnbench.report import make_page
from bnnbench.runs.column import Column
from bnnbench.store.store import read_store
from bnnbench.tables import build, check_table, make_table, stamped, terminal, write_table
from bnnbench.tables.table import Column as Shown

MINE = Column(
    "mean_loss", "mean training loss over all reads", "real", "loss", header="all reads", statistic="median",
    drop_rank=115,
)  # fmt: skip


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of a bnnbench whose list of columns of a summary has one more."""
    monkeypatch.setattr(summary, "SUMMARY", (*summary.SUMMARY, MINE))
    monkeypatch.setitem(terminal.COLUMNS, MINE.name, MINE)  # as importing it again would derive it
    monkeypatch.setitem(build.SUMMARY_COLUMNS, MINE.name, Shown.of(MINE))
    return fill(tmp_path / "mine", problems=["majority"], settings=["compact"], repetitions=1)


def test_a_column_of_the_summary_is_in_the_terminal_the_papers_the_report_and_the_check(results):
    with read_store(results) as store:
        runs, table = store.runs(), make_table(store, "summary", "mine")
    stream = io.StringIO()
    terminal.print_table(summary.summarize(runs), Console(file=stream, width=300), "t")
    (results / "table.md").write_bytes(stamped(table, "markdown", "."))

    assert "all reads [loss]" in stream.getvalue()
    for form in ("markdown", "html"):
        assert "all reads [loss]" in write_table(table, form).decode()
    assert "{reads}" in write_table(table, "latex").decode()
    assert "all reads [loss]" in make_page(results)
    assert list(check_table(results / "table.md")) == []


def test_the_lists_of_terminal_and_papers_are_derived_from_the_one_list():
    names = {column.name for column in summary.SUMMARY}

    assert set(terminal.COLUMNS) == names - {"solved_share"}
    assert set(build.SUMMARY_COLUMNS) == names - {"solved", "flagged"}
