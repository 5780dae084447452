"""The values of a parameter among which `bnnbench tune` searches, declared beside the parameter itself.

A solver or a formulation says it in the annotation of a field::

    num_sweeps: Annotated[int, Field(ge=1), Range(1, 3000, log=True)] = 100
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole numbers if both are.

    Parameters
    ----------
    log
        Whether factors count, not differences.
    count
        Numbers that the parameter takes: one, a tuple of several in rising order, or one per layer of the network.
    """

    low: float
    high: float
    log: bool = False
    count: int | Literal["layers"] = 1

    def __str__(self) -> str:
        number = {1: "", "layers": ", one per layer"}.get(self.count, f", {self.count} rising")
        return f"{self.low:g} to {self.high:g}{' by factors' if self.log else ''}{number}"

    @property
    def is_whole(self) -> bool:
        """Return whether it has whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True)
class Options:
    """A few values, in no order."""

    values: tuple[str | int | float | bool, ...]

    def __str__(self) -> str:
        return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in self.values)


SearchRange = Range | Options


@cache
def search_ranges(plugin: type) -> Mapping[str, SearchRange]:
    """Return the declared ranges of a solver's or a formulation's class, by parameter, in the order of the fields."""
    hints = typing.get_type_hints(plugin, include_extras=True)
    found = {name: next(_declared(hint), None) for name, hint in hints.items()}
    return {name: declared for name, declared in found.items() if declared is not None}


def _declared(hint: Any) -> typing.Iterator[SearchRange]:
    """Yield what an annotation declares; an optional parameter carries it around the whole type, or within."""
    for part in getattr(hint, "__metadata__", ()):
        if isinstance(part, (Range, Options)):
            yield part
    for part in typing.get_args(hint):
        if not isinstance(part, (Range, Options)):
            yield from _declared(part)
