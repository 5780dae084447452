"""What is said of a column once is what the store, the frames and the guide have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bnnbench.runs.column import column, columns_of
from bnnbench.store.columns import RUN_COLUMNS, columns_guide
from bnnbench.store.schema import tables

GUIDE = Path(__file__).parents[2] / "docs" / "columns.md"


@dataclass(frozen=True)
class Record:
    """A record with a column of each kind, and a field that is none."""

    name: str = column("a name")
    count: int | None = column("a number", default=None, unit="reads", empty="nothing was read", header="number")
    share: float = column("a share", default=0.5, header="share", is_share=True)
    is_right: bool = column("1 or 0", default=True)
    parts: dict[str, int] = column("numbers by kind", default_factory=dict, shown_as="part.…")
    other: int = 0


def test_name_and_kind_of_a_column_come_from_its_field():
    columns = columns_of(Record)

    assert [c.name for c in columns] == ["name", "count", "share", "is_right", "parts"]
    assert [c.kind for c in columns] == ["text", "integer", "real", "integer", "json"]


def test_sql_and_headings_follow_from_a_column():
    name, count, share, _, parts = columns_of(Record)

    assert (name.sql, count.sql) == ("name TEXT NOT NULL", "count INTEGER")
    assert (count.title, share.title) == ("number [reads]", "share [%]")
    assert parts.shown_name == "part.…"


def test_a_record_with_columns_is_made_as_any_other():
    assert Record("a", parts={"x": 1}) == Record(name="a", parts={"x": 1})
    with pytest.raises(TypeError, match="name"):
        Record()


def test_no_two_columns_of_a_run_have_the_same_name():
    names = [c.shown_name for c in RUN_COLUMNS]

    assert len(names) == len(set(names))
    assert tables()["runs"] <= {c.name for c in RUN_COLUMNS}


def test_the_guide_to_the_columns_is_generated():
    assert GUIDE.read_text(encoding="utf-8") == columns_guide(), (
        "docs/columns.md does not say what the columns say; make it again: python -c 'from bnnbench.store.columns "
        'import columns_guide; print(columns_guide(), end="")\' > docs/columns.md'
    )
