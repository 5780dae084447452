"""Charts as values: the same numbers go to paper and to the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mark = Literal["line", "steps", "trend", "points", "bars", "above", "below", "ring"]
"""``trend`` is a line without markers; ``above`` and ``below`` are points whose true value lies there: ▲ and ▼; a
``ring`` singles out a point of another series."""


@dataclass(frozen=True)
class Series:
    """One legend entry: numbers over numbers, or over names; what is not finite is a gap in a line.

    Parameters
    ----------
    label
        In the legend; empty for none.
    x, y
        Of one length; x may hold names, which stand in the order in which they come.
    style
        Number of its color, line and marker, see `bnnbench.charts.style`. A solver keeps its style in all panels.
    low, high
        Ends of an interval: a band around lines, bars through points; both or neither.
    texts
        What stands beside each point on screen when it is touched.
    """

    label: str
    x: Sequence[float | str]
    y: Sequence[float]
    style: int = 0
    mark: Mark = "line"
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    texts: Sequence[str] | None = None


@dataclass(frozen=True)
class Matrix:
    """Numbers by row and column, dark where they are large; missing ones are blank, infinite ones say ∞.

    The matrices of a chart have one scale of shades, see `Chart.darkest`.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float]]
    unit: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    content: tuple[Series, ...] | Matrix
    log_x: bool = False
    log_y: bool = False
    has_axes: bool = True
    """A drawing, such as a network, has none, and as many units across as up."""


@dataclass(frozen=True)
class Chart:
    """A figure: panels side by side, and a caption that says what is shown and how it was counted."""

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]

    @property
    def darkest(self) -> float:
        """Largest finite number of all matrices, which the darkest shade stands for; 1 if none is positive."""
        matrices = (panel.content for panel in self.panels if isinstance(panel.content, Matrix))
        numbers = [v for matrix in matrices for row in matrix.values for v in row if math.isfinite(v)]
        return max(numbers, default=0.0) if max(numbers, default=0.0) > 0 else 1.0
