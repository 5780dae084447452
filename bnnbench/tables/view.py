"""The view of a table: which solvers and columns are shown, and for what width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from bnnbench.errors import InputError

Width = Literal["article", "column", "page"]


@dataclass(frozen=True)
class View:
    """A choice from a table.

    Parameters
    ----------
    columns
        Names or headings of the columns to show, in this order, beside those that name the rows; empty: all that tell
        rows apart.
    solvers
        Labels of the solvers to show; one without brackets stands for all that begin with it. Empty: all.
    width
        Of LaTeX: the line of an ``article``, one ``column`` of two, or both columns of a ``page``.
    """

    columns: tuple[str, ...] = ()
    solvers: tuple[str, ...] = ()
    width: Width = "article"

    @classmethod
    def of(cls, stamp: Mapping[str, Any]) -> View:
        """Return the view that a stamp tells of.

        Raises
        ------
        InputError
            If it tells of one that there cannot be.
        """
        width = stamp.get("width", "article")
        lists = {name: stamp.get(name, []) for name in ("columns", "solvers")}
        is_possible = all(isinstance(v, list) and all(isinstance(t, str) for t in v) for v in lists.values())
        if width not in get_args(Width) or not is_possible:
            raise InputError(
                f"the stamp tells of the width {width!r}, or of no lists of names; export the table again."
            )
        return cls(tuple(lists["columns"]), tuple(lists["solvers"]), width)

    @property
    def stamp(self) -> dict[str, Any]:
        """Entries that differ from the default, for a stamp."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {field.name: plain[field.name] for field in fields(self) if getattr(self, field.name) != field.default}
