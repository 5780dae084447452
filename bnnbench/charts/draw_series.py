"""Draw the series of a panel: curves, points and bars above an axis of numbers, or of names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.charts.beside import BESIDE, Places, categories
from bnnbench.charts.chart import Panel, Series
from bnnbench.charts.glyphs import short
from bnnbench.charts.style import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_BELOW, MAX_LEVEL = 120, 40
"""Characters of all names below a panel, each counted as the longest: in all, and up to which they stand level."""
TURN = 35
"""Degrees at which names stand that are too long to stand level."""
MARK_PT = 4
"""Size of the largest of the marks that stand beside each other."""
_OUTLINES = {"above": ("^>", MARK_PT, 0.7), "below": ("v<", MARK_PT, 0.7), "ring": ("oo", 8, 0.9)}
"""Marks without a filling: their shapes in columns and in rows, size and width of the edge."""
_DASHES = {"solid": "-", "dash": (0, (4, 1.5)), "dot": (0, (1, 1.2)), "dashdot": (0, (4, 1.2, 1, 1.2))}
_MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-left": "<", "cross": "P", "x": "X", "star": "*",
    "pentagon": "p", "hexagon": "h",
}  # fmt: skip


def is_sideways(content: Sequence[Series]) -> bool:
    """Tell whether names of points stand beside the rows of a panel: below its columns they would meet."""
    return _length(categories(content)) > MAX_BELOW and all(series.mark in BESIDE for series in content)


def is_turned(names: Sequence[str]) -> bool:
    """Tell whether names below an axis stand at an angle, as they are too long for a line."""
    return _length(names) > MAX_LEVEL


def _length(names: Sequence[str]) -> int:
    return max(map(len, names), default=0) * len(names)


@dataclass(frozen=True)
class SeriesDrawing:
    """Draw the series of a panel on axes that `is_sideways` turns."""

    axes: Axes
    panel: Panel
    content: tuple[Series, ...]
    in_line: tuple[Series, ...]
    """Series of the panels beside this one with the same names, its own among them: they stand in the same places."""

    @cached_property
    def names(self) -> list[str]:
        """Return the names on the axis of the series; none if it has numbers."""
        return categories(self.content)

    @cached_property
    def is_sideways(self) -> bool:
        """Tell whether the names stand beside the rows."""
        return is_sideways(self.content)

    @cached_property
    def _places(self) -> Places:
        return Places(self.in_line, can_move=self.panel.has_axes and not self.panel.log_x)

    def draw(self, *, has_names: bool) -> dict[str, Any]:
        """Draw all series, and return what the legend shows of each label; `has_names` of rows that have names."""
        axes, panel, names, places = self.axes, self.panel, self.names, self._places
        centers = list(places.centers.values())
        handles: dict[str, Any] = {}
        for series in self.content:
            handle = self._draw_one(series, places.of(series))
            if series.label and handle is not None:
                handles.setdefault(series.label, handle)
        if not panel.has_axes:
            axes.set_axis_off()
            axes.margins(0.08)
            return handles
        if panel.log_x:
            axes.set_xscale("log")
        if panel.log_y and any(0 < v < math.inf for series in self.content for v in series.y):
            (axes.set_xscale if self.is_sideways else axes.set_yscale)("log")
        labels = (panel.y_label, panel.x_label) if self.is_sideways else (panel.x_label, panel.y_label)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        self._fit_ticks()
        axes.grid(alpha=0.25, linewidth=0.4)
        if self.is_sideways:
            axes.set_yticks(centers, [short(name) if has_names else "" for name in names])
            axes.set_ylim(places.end, -0.5)
        elif names:
            turn = {"rotation": TURN, "ha": "right"} if is_turned(names) else {"ha": "center"}
            axes.set_xticks(centers, list(map(short, names)), rotation_mode="anchor", **turn)
        return handles

    def _draw_one(self, series: Series, x: NDArray[np.float64]) -> Any:
        """Draw one series, and return what the legend shows of it."""
        axes, look = self.axes, style(series.style)
        y = np.where(np.isfinite(np.array(series.y, dtype=float)), series.y, np.nan)
        low, high = (None if ends is None else np.array(ends, dtype=float) for ends in (series.low, series.high))
        marker = _MARKERS[look.marker]
        across, up = (y, x) if self.is_sideways else (x, y)
        if series.mark == "bars":
            width = 0.6 if len(x) < 2 else min(0.8, 0.8 * float(np.min(np.diff(np.sort(x)))))
            bars = None if low is None or high is None else np.vstack([y - low, high - y])
            return axes.bar(x, y, width, color=look.color, yerr=bars, error_kw={"elinewidth": 0.7, "capsize": 2})
        if series.mark in _OUTLINES:
            shapes, size, edge = _OUTLINES[series.mark]
            return axes.plot(
                across, up, shapes[self.is_sideways], color=look.color, markersize=size, markerfacecolor="none",
                markeredgewidth=edge,
            )[0]  # fmt: skip
        if series.mark == "points":
            if low is not None and high is not None:
                finite = np.isfinite(high)
                lines = axes.hlines if self.is_sideways else axes.vlines
                lines(x[finite], low[finite], high[finite], color=look.color, linewidth=0.6)
            shape = marker if self.panel.has_axes else "o"
            return axes.plot(across, up, shape, color=look.color, markersize=3.2, alpha=0.9, zorder=3, linestyle="")[0]
        is_stepped = series.mark == "steps"
        if low is not None and high is not None:
            axes.fill_between(
                x, low, high, step="post" if is_stepped else None, color=look.color, alpha=0.13, linewidth=0
            )
        dash = _DASHES[look.dash]
        if series.mark == "trend":
            return axes.plot(x, y, linestyle=dash, color=look.color, linewidth=0.7)[0]
        shown = np.flatnonzero(np.isfinite(y))
        every = shown[:: max(1, len(shown) // 6)].tolist()
        steps = "steps-post" if is_stepped else "default"
        return axes.plot(x, y, linestyle=dash, color=look.color, drawstyle=steps, marker=marker, markevery=every)[0]

    def _fit_ticks(self) -> None:
        """Set ticks: whole numbers where all are whole, room for a line at 0, few numbers on a logarithmic axis."""
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

        axes, content = self.axes, self.content
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log":
                low, high = sorted(axis.get_view_interval())
                is_short = high < 30 * low
                axis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,)))
                axis.set_minor_formatter(NullFormatter())
                if is_short:
                    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        values = [v for series in content for v in series.y if math.isfinite(v)]
        axis, set_limits = (axes.xaxis, axes.set_xlim) if self.is_sideways else (axes.yaxis, axes.set_ylim)
        if self.panel.log_y:
            least = min((v for v in values if v > 0), default=None)
            if least is not None and any(series.mark == "bars" for series in content):
                set_limits(0.5 * least, None)  # the least bar is seen
        else:
            if values and all(float(v).is_integer() for v in values):
                axis.set_major_locator(MaxNLocator(5, integer=True))
            if values and min(values) >= 0:
                ends = [v for series in content for v in series.high or () if math.isfinite(v)]
                top = max(*values, *ends, 0) or 1.0
                set_limits(-0.06 * top, 1.06 * top)
        if not (self.panel.log_x or self.names) and all(float(x).is_integer() for s in content for x in s.x):
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
