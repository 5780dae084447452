"""A column of results: all that the store, tables, the report and the guides have to know of it, said once.

Fields of a record carry their column (`column`), and everything else is derived from it: the SQL of the store, the
types of a frame, docs/columns.md, headers and statistics of tables. A measured column is added by adding a field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Kind = Literal["text", "integer", "real", "json"]
Statistic = Literal["median", "censored_median", "count"]
_KINDS: Mapping[Any, Kind] = MappingProxyType({str: "text", int: "integer", bool: "integer", float: "real"})


@dataclass(frozen=True)
class Column:
    """A column of the rows of runs.

    Attributes
    ----------
    name
        In the store and in frames.
    meaning
        What it holds, for docs/columns.md.
    kind
        What a cell holds. ``json`` is a list or a mapping; a mapping is shown as a column per key, see `shown_as`.
    unit
        Of the values; empty for names, counts and shares.
    empty
        When a cell holds nothing; ``never`` if it always holds something.
    header
        Short heading in tables; a column without one stands in the CSV export alone.
    statistic
        How a summary tells it of several runs. ``median``: over runs of status ok. ``censored_median``: over runs that
        were asked, of which those that failed count as infinite; less is better. ``count``: runs of status ok in which
        it is 1. None: a summary does not tell it.
    needs
        What the question presupposes: a known ``optimum``, or a ``sound`` formulation and a known optimum.
    is_share
        Whether it is a share from 0 to 1, which tables show in percent.
    drop_rank
        A narrow table first does without the columns of least rank; None: never without this one.
    follows_from
        What it is recomputed from by `bnnbench verify`: the ``batches`` of the run, or its ``samples``.
    is_answer
        Whether the same seed has to bring it again.
    is_gain
        Whether more is better, where solvers are compared by it.
    shown_as
        Its name in frames and guides, if that is another one; ``clock.…`` stands for a column per key of a mapping.
    """

    name: str
    meaning: str
    kind: Kind = "text"
    unit: str = ""
    empty: str = "never"
    header: str = ""
    statistic: Statistic | None = None
    needs: Literal["optimum", "sound"] | None = None
    is_share: bool = False
    drop_rank: int | None = 0
    follows_from: Literal["batches", "samples"] | None = None
    is_answer: bool = False
    is_gain: bool = False
    shown_as: str = ""

    @property
    def shown_name(self) -> str:
        """Name in frames and guides."""
        return self.shown_as or self.name

    @property
    def is_number(self) -> bool:
        """Return whether its cells are numbers."""
        return self.kind in ("integer", "real")

    @property
    def title(self) -> str:
        """Heading with the unit that tables show."""
        unit = "%" if self.is_share else self.unit
        return f"{self.header} [{unit}]" if unit not in ("", self.header) else self.header

    @property
    def sql(self) -> str:
        """Definition of the column in SQLite."""
        kind = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "json": "TEXT"}[self.kind]
        return f"{self.name} {kind}{' NOT NULL' if self.empty == 'never' else ''}"


def column(
    meaning: str,
    *,
    default: Any = dataclasses.MISSING,
    default_factory: Callable[[], Any] | None = None,
    **properties: Any,
) -> Any:
    """Return a dataclass field that carries its `Column`; name and kind come from the field itself.

    Parameters
    ----------
    meaning, properties
        Those of `Column`.
    default, default_factory
        As in `dataclasses.field`.
    """
    metadata = {"column": {"meaning": meaning, **properties}}
    if default_factory is not None:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@cache
def columns_of(record: type) -> tuple[Column, ...]:
    """Return the columns of a dataclass, in the order of its fields."""
    hints = get_type_hints(record)
    return tuple(
        Column(name=field.name, **{"kind": _kind_of(hints[field.name]), **field.metadata["column"]})
        for field in dataclasses.fields(record)
        if "column" in field.metadata
    )


def _kind_of(hint: Any) -> Kind:
    """Return the kind of a field's type, which may be optional."""
    types = [part for part in get_args(hint) if part is not type(None)] if isinstance(hint, UnionType) else [hint]
    if get_origin(types[0]) is Literal:
        return "text"
    return _KINDS.get(types[0], "json")
