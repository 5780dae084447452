"""Set marks of one place beside each other, on paper and on screen: equal values do not hide each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bnnbench.charts.chart import Matrix, Panel, Series

BESIDE = ("points", "above", "below")
"""Marks that stand beside each other at one place."""
SPREAD = 0.8
"""Share of the room of a name over which its marks stand."""
IN_A_ROW = 3
"""Marks that fit into the room of one; a name with more of them has so much more room."""


def categories(content: Sequence[Series]) -> list[str]:
    """Return the names on the axis of some series; none if it has numbers."""
    return list(dict.fromkeys(x for series in content for x in series.x if isinstance(x, str)))


def with_same_names(content: Sequence[Series], panels: Sequence[Panel]) -> tuple[Series, ...]:
    """Return the series of all panels with the same names as some series, which stand in line with them."""
    names = categories(content)
    rows = [panel.content for panel in panels if not isinstance(panel.content, Matrix)]
    return tuple(series for other in rows if names and categories(other) == names for series in other) or (*content,)


@dataclass(frozen=True)
class Places:
    """Places of the marks of some series on their axis, of numbers or of names.

    A name with up to `IN_A_ROW` marks has a room of 1 on the axis. The marks of a series and the bounds in its style
    share a place, and only marks that are there take any.

    Parameters
    ----------
    can_move
        Whether marks at one number may be moved apart, as they may not on a logarithmic axis.
    """

    content: tuple[Series, ...]
    can_move: bool = True

    @cached_property
    def names(self) -> list[str]:
        """Return the names on the axis; none if it has numbers."""
        return categories(self.content)

    @cached_property
    def centers(self) -> dict[float | str, float]:
        """Return the middle of each name's room, and of each number itself."""
        ends = np.cumsum([0.0, *(self._width(name) for name in self.names)]) - 0.5
        return dict(zip(self.names, ((ends[1:] + ends[:-1]) / 2).tolist(), strict=True))

    @cached_property
    def end(self) -> float:
        """Return the end of the axis of names, which begins at −0.5."""
        return sum(map(self._width, self.names)) - 0.5

    @cached_property
    def most(self) -> int:
        """Return the most marks of one place."""
        return max(map(len, self._styles.values()), default=1)

    def of(self, series: Series) -> NDArray[np.float64]:
        """Return where the marks of a series stand."""
        is_beside = series.mark in BESIDE
        return np.array([self._center(x) + (self._shift(x, series.style) if is_beside else 0.0) for x in series.x])

    @cached_property
    def _styles(self) -> dict[float | str, list[int]]:
        """Return the styles of the marks that stand at each place, in their order."""
        found: dict[float | str, list[int]] = {}
        for series in self.content:
            if series.mark not in BESIDE:
                continue
            for x, y in zip(series.x, series.y, strict=True):
                styles = found.setdefault(x, [])
                if math.isfinite(y) and series.style not in styles:
                    styles.append(series.style)
        order = list(dict.fromkeys(series.style for series in self.content))
        return {x: sorted(styles, key=order.index) for x, styles in found.items()}

    @cached_property
    def _step(self) -> float:
        """Return half of the least step between numbers, over which the marks of one may stand."""
        numbers = np.unique([x for x in self._styles if not isinstance(x, str)])
        return 0.5 * float(np.min(np.diff(numbers))) if self.can_move and len(numbers) > 1 else 0.0

    def _width(self, name: str) -> float:
        return max(1.0, len(self._styles.get(name, ())) / IN_A_ROW)

    def _center(self, x: float | str) -> float:
        return self.centers[x] if isinstance(x, str) else float(x)

    def _shift(self, x: float | str, style: int) -> float:
        styles = self._styles[x]
        if style not in styles:
            return 0.0
        room = SPREAD * self._width(x) if isinstance(x, str) else self._step
        return (styles.index(style) - (len(styles) - 1) / 2) * room / len(styles)
