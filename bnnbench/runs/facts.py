"""Facts and clocks: what a solver tells beside its samples, within bounds, so that no solver fills the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnnbench.redaction import beginning

FACT_LENGTH = 1000
"""Characters that are kept of a fact's name, and of one that is text."""
MAX_FACTS = 100
"""Different facts that are kept of a run, and as many clocks."""
MAX_CHARACTERS = 200_000
"""Characters of text that are kept of all facts of a run, told once or again and again."""


class Facts:
    """The facts and clocks of one run: each fact is kept as it was told last, as long as there is room."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._clocks: set[str] = set()
        # Beginnings of names as they were told: to take secrets out of a million others would last minutes.
        self._told: set[str] = set()
        self._told_clocks: set[str] = set()
        self._left = MAX_CHARACTERS

    def kept(self, told: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """Return the facts of a batch for which there is room, as plain values, and the number of others."""
        kept: dict[str, Any] = {}
        for key, value in told.items():
            if len(self._names) >= MAX_FACTS and key[:FACT_LENGTH] not in self._told:
                continue
            name, plain = short(key), _plain(value)
            length = (len(plain) if isinstance(plain, str) else 0) + (0 if name in self._names else len(name))
            if length > self._left:
                continue
            self._left -= length
            self._names.add(name)
            self._told.add(key[:FACT_LENGTH])
            kept[name] = plain
        return kept, len(told) - len(kept)

    def times(self, clocks: Mapping[str, float]) -> tuple[dict[str, float], int]:
        """Return the clocks of a batch for which there is room, and the number of others."""
        kept: dict[str, float] = {}
        for key, seconds in clocks.items():
            if len(self._clocks) >= MAX_FACTS and key[:FACT_LENGTH] not in self._told_clocks:
                continue
            name = short(key)
            self._clocks.add(name)
            self._told_clocks.add(key[:FACT_LENGTH])
            kept[name] = float(seconds)
        return kept, len(clocks) - len(kept)


def short(value: Any) -> str:
    """Return the beginning of a text; secrets are taken out before, so that none is cut and kept in part.

    Half a surrogate pair, which no file can hold, becomes a question mark.
    """
    return beginning(value, FACT_LENGTH).encode(errors="replace").decode()


def _plain(value: Any) -> float | int | str | bool | None:
    """Return a fact as a scalar; what is none, or a whole number that no column has room for, as text."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, int) and abs(plain) >= 2**63:
        return short(plain if plain.bit_length() < 2**13 else hex(plain))  # Python writes no longer ones in decimals
    return plain if plain is None or isinstance(plain, (int, float)) else short(plain)
