"""Draw a chart for print: matplotlib, at the width of a column, in the type of a caption."""

from __future__ import annotations

import math
import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bnnbench.charts.chart import Chart, Matrix, Panel, Series
from bnnbench.charts.names import cut, shortened
from bnnbench.charts.style import style
from bnnbench.errors import InputError, restated, system_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Width = Literal["article", "column", "page"]
WIDTHS_IN = {"article": 4.77, "column": 3.4, "page": 7.0}
"""Of the line of LaTeX's article on A4, of a column and of both in the two-column formats of IEEE, ACM and APS."""
FORMATS = (".pdf", ".svg", ".png")
PANEL_IN, ROW_IN, DRAWING_IN = 1.9, 0.17, 1.6
"""Heights: of a panel, of a row of a matrix, of a drawing."""
PAGE_IN = 9.0
"""Height of a page's text."""
PANELS_PER_ROW = {"article": (1, 2), "column": (1,), "page": (1, 2, 3, 2, 3, 3)}
"""For 1, 2, … panels, and as the last for more."""
DOTS_PER_INCH = 300
MAX_CELLS_WITH_NUMBERS = 26
"""Columns of a page-wide row of matrices, up to which numbers fit into their cells."""
MAX_LABEL = 48
"""Characters of a name; a longer one loses its middle."""
MAX_BELOW = 120
"""Characters of all names below a panel, each counted as the longest."""
BESIDE = ("points", "above", "below")
"""Marks that stand beside each other above a name."""
FONT = "DejaVu Sans"
"""Comes with matplotlib, so that a figure is the same everywhere."""

_DASHES = {"solid": "-", "dash": (0, (4, 1.5)), "dot": (0, (1, 1.2)), "dashdot": (0, (4, 1.2, 1, 1.2))}
_MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-left": "<", "cross": "P", "x": "X", "star": "*",
    "pentagon": "p", "hexagon": "h",
}  # fmt: skip
_STYLE: dict[str, Any] = {
    "font.size": 7.0,
    "axes.labelsize": 7.0,
    "axes.titlesize": 7.0,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.linewidth": 0.5,
    "lines.linewidth": 0.9,
    "lines.markersize": 3.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,  # journals refuse Type 3
    "svg.hashsalt": "bnnbench",  # the same chart gives the same file
    "svg.fonttype": "none",
    "font.family": FONT,
}


def save_chart(chart: Chart, path: Path, *, width: Width = "page") -> None:
    """Draw a chart into a file: PDF, SVG or PNG (300 dots per inch), by its ending.

    Raises
    ------
    InputError
        If the file has another ending, or cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path} is no {', '.join(FORMATS)} file; give a path with one of these endings.")
    with print_style():
        figure = draw_chart(chart, width=width)
        dated = {".pdf": "CreationDate", ".svg": "Date"}.get(path.suffix.lower())
        with system_errors(InputError, f"{path} cannot be written", "give another path with -o"):
            figure.savefig(path, dpi=DOTS_PER_INCH, metadata={dated: None} if dated else None)


@contextmanager
def print_style() -> Iterator[None]:
    """Set type and lines of print, for as long as a chart is made and drawn; no setting of the user's reaches it.

    Raises
    ------
    InputError
        If matplotlib cannot be imported with the user's settings.
    """
    mpl = _matplotlib()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def _matplotlib() -> Any:
    """Import matplotlib, which refuses an unknown MPLBACKEND and a matplotlibrc that it cannot decode.

    A figure that goes to a file needs no backend; one that the user set and that exists stays for plots of their own.
    """
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    backend = os.environ.pop("MPLBACKEND", None)
    advice = "; mend or remove the matplotlibrc that it reads."
    try:
        with restated(InputError, "matplotlib cannot start: ", advice, ValueError, OSError):
            import matplotlib as mpl
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    with suppress(ValueError):
        mpl.rcParams["backend"] = backend or mpl.rcParams["backend"]
    return mpl


def draw_chart(chart: Chart, *, width: Width = "page") -> Figure:
    """Draw a chart, without its caption, which is the paper's to set; call it within `print_style`."""
    from matplotlib.figure import Figure

    columns = PANELS_PER_ROW[width][: len(chart.panels)][-1]
    has_matrix = any(isinstance(panel.content, Matrix) for panel in chart.panels)
    columns = min(columns, 2) if has_matrix else columns
    rows = math.ceil(len(chart.panels) / columns)
    heights = [max(map(_height, chart.panels[row * columns : (row + 1) * columns])) for row in range(rows)]
    # The last panel of each column has the names of its columns below it: in two rows, where the last is not full.
    names_in = max(map(_names_in, chart.panels)) * (1 + (rows > 1 and len(chart.panels) % columns > 0))
    is_crowded = has_matrix and sum(heights) + names_in > PAGE_IN
    if is_crowded:  # rows without names, where they would take more than a page
        heights = [max(PANEL_IN, (PAGE_IN - names_in) / rows)] * rows
    labels = shortened(list({s.label: 0 for panel in chart.panels for s in _series(panel) if s.label}), MAX_LABEL)
    names = [_drawn(label) for label in labels.values()]
    legend_columns = _legend_columns(names, WIDTHS_IN[width])
    legend_in = 0.13 * math.ceil(len(names) / legend_columns) + 0.1 if names else 0
    figure = Figure(figsize=(WIDTHS_IN[width], sum(heights) + legend_in + names_in), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=heights)
    handles: dict[str, Any] = {}
    for place, axes in enumerate(grid.flat):
        if place >= len(chart.panels):
            axes.set_visible(False)
            continue
        panel = chart.panels[place]
        most = (int(WIDTHS_IN[width] / 0.06)) // columns
        axes.set_title("\n".join(_short(line, most) for line in panel.title.split("\n")), fontsize=7)
        if isinstance(panel.content, Matrix):
            cells_in_row = columns * len(panel.content.columns) * 7 / WIDTHS_IN[width]
            _draw_matrix(
                axes,
                panel.content,
                with_numbers=not is_crowded and cells_in_row <= MAX_CELLS_WITH_NUMBERS,
                names=(place % columns == 0 and not is_crowded, place + columns >= len(chart.panels)),
                darkest=chart.darkest,
            )
        else:
            _draw_series(axes, panel, panel.content, handles, has_names=place % columns == 0)
    if handles:
        figure.legend(
            handles.values(),
            [_drawn(labels[label]) for label in handles],
            loc="outside lower center",
            ncols=legend_columns,
            frameon=False,
            handlelength=3,
            columnspacing=1.2,
            labelspacing=0.25,
        )
    return figure


def _legend_columns(names: Sequence[str], width_in: float) -> int:
    """Return how many columns fit: 0.052 inches per character of 6.5 points, half an inch for the line."""
    widest = max(map(len, names), default=1) * 0.052 + 0.5
    return max(1, min(len(names), int(width_in / widest)))


def _height(panel: Panel) -> float:
    if isinstance(panel.content, Matrix):
        return 0.3 + ROW_IN * len(panel.content.rows)
    if _is_sideways(panel.content):
        return max(PANEL_IN, 0.5 + ROW_IN * len(_categories(panel.content)))
    return PANEL_IN if panel.has_axes else DRAWING_IN


def _names_in(panel: Panel) -> float:
    """Return the inches below the last row for upright names, at 0.055 inches per character of 6.5 points."""
    content = panel.content
    return 0.055 * max(map(len, map(_short, content.columns)), default=0) if isinstance(content, Matrix) else 0.0


def _series(panel: Panel) -> tuple[Series, ...]:
    return () if isinstance(panel.content, Matrix) else panel.content


def _categories(content: Sequence[Series]) -> list[str]:
    return list(dict.fromkeys(x for series in content for x in series.x if isinstance(x, str)))


def _is_sideways(content: Sequence[Series]) -> bool:
    """Tell whether names of points stand beside the rows of a panel: below its columns they would meet."""
    categories = _categories(content)
    is_long = max(map(len, categories), default=0) * len(categories) > MAX_BELOW
    return is_long and all(series.mark in BESIDE for series in content)


def _draw_series(
    axes: Axes, panel: Panel, content: tuple[Series, ...], handles: dict[str, Any], *, has_names: bool
) -> None:
    categories = _categories(content)
    sideways = _is_sideways(content)
    beside = list(dict.fromkeys(series.style for series in content if series.mark in BESIDE and len(series.x)))
    for series in content:
        x = np.array([categories.index(v) if isinstance(v, str) else v for v in series.x], dtype=float)
        if categories and series.mark in BESIDE:
            # Beside each other, so that equal values do not hide each other; a bound stands where its point would.
            x = x + (beside.index(series.style) - (len(beside) - 1) / 2) * 0.6 / len(beside) if len(x) else x
        handle = _draw_one(axes, series, x, has_axes=panel.has_axes, sideways=sideways)
        if series.label and handle is not None:
            handles.setdefault(series.label, handle)
    if not panel.has_axes:
        axes.set_axis_off()
        axes.margins(0.08)
        return
    if panel.log_x:
        axes.set_xscale("log")
    if panel.log_y and any(0 < v < math.inf for series in content for v in series.y):
        (axes.set_xscale if sideways else axes.set_yscale)("log")
    labels = (panel.y_label, panel.x_label) if sideways else (panel.x_label, panel.y_label)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    _fit_ticks(axes, content, log_x=panel.log_x or bool(categories), log_y=panel.log_y, sideways=sideways)
    axes.grid(alpha=0.25, linewidth=0.4)
    if sideways:
        axes.set_yticks(range(len(categories)), [_short(c) if has_names else "" for c in categories])
        axes.set_ylim(len(categories) - 0.5, -0.5)
    elif categories:
        is_long = max(map(len, categories)) * len(categories) > 40
        axes.set_xticks(
            range(len(categories)),
            [_short(c) for c in categories],
            rotation=35 if is_long else 0,
            ha="right" if is_long else "center",
            rotation_mode="anchor",
        )


def _draw_one(axes: Axes, series: Series, x: Any, *, has_axes: bool, sideways: bool) -> Any:
    look = style(series.style)
    y = np.where(np.isfinite(np.array(series.y, dtype=float)), series.y, np.nan)
    low, high = (None if ends is None else np.array(ends, dtype=float) for ends in (series.low, series.high))
    marker = _MARKERS[look.marker]
    if series.mark == "bars":
        width = 0.6 if len(x) < 2 else min(0.8, 0.8 * float(np.min(np.diff(np.sort(x)))))
        bars = None if low is None or high is None else np.vstack([y - low, high - y])
        return axes.bar(x, y, width, color=look.color, yerr=bars, error_kw={"elinewidth": 0.7, "capsize": 2})
    across, up = (y, x) if sideways else (x, y)
    if series.mark in ("above", "below"):
        shape = {"above": "^>", "below": "v<"}[series.mark][sideways]
        return axes.plot(across, up, shape, color=look.color, markerfacecolor="none", markeredgewidth=0.7)[0]
    if series.mark == "points":
        if low is not None and high is not None:
            finite = np.isfinite(high)
            lines = axes.hlines if sideways else axes.vlines
            lines(x[finite], low[finite], high[finite], color=look.color, linewidth=0.6)
        shape = marker if has_axes else "o"
        return axes.plot(across, up, shape, color=look.color, markersize=3.2, alpha=0.9, zorder=3, linestyle="")[0]
    if low is not None and high is not None:
        axes.fill_between(
            x, low, high, step="post" if series.mark == "steps" else None, color=look.color, alpha=0.13, linewidth=0
        )
    if series.mark == "trend":
        return axes.plot(x, y, linestyle=_DASHES[look.dash], color=look.color, linewidth=0.7)[0]
    shown = np.flatnonzero(np.isfinite(y))
    every = shown[:: max(1, len(shown) // 6)].tolist()
    steps = "steps-post" if series.mark == "steps" else "default"
    dashes = _DASHES[look.dash]
    return axes.plot(x, y, linestyle=dashes, color=look.color, drawstyle=steps, marker=marker, markevery=every)[0]


def _fit_ticks(axes: Axes, content: tuple[Series, ...], *, log_x: bool, log_y: bool, sideways: bool) -> None:
    """Set ticks: whole numbers where all are whole, room for a line at 0, few numbers on a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            low, high = sorted(axis.get_view_interval())
            is_short = high < 30 * low
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,)))
            axis.set_minor_formatter(NullFormatter())
            if is_short:
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    values = [v for series in content for v in series.y if math.isfinite(v)]
    axis, set_limits = (axes.xaxis, axes.set_xlim) if sideways else (axes.yaxis, axes.set_ylim)
    if log_y:
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
    if not log_x and all(float(x).is_integer() for series in content for x in series.x):
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _draw_matrix(axes: Axes, matrix: Matrix, *, with_numbers: bool, names: tuple[bool, bool], darkest: float) -> None:
    values = np.array(matrix.values, dtype=float).reshape(len(matrix.rows), len(matrix.columns))
    # The darkest tenth is for what failed: worse than any number.
    shades = np.where(np.isposinf(values), 1.0, 0.05 + 0.8 * values / darkest)
    axes.imshow(np.ma.masked_invalid(shades), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if with_numbers:
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                color = "white" if shades[row, column] > 0.55 else "black"
                axes.text(column, row, short_number(value), ha="center", va="center", fontsize=5.5, color=color)
    axes.set_xticks(range(len(matrix.columns)), [_short(n) if names[1] else "" for n in matrix.columns], rotation=90)
    axes.set_yticks(range(len(matrix.rows)), [_short(n) if names[0] else "" for n in matrix.rows])
    axes.set_xticks(np.arange(len(matrix.columns) - 1) + 0.5, minor=True)
    if names[0] or with_numbers:
        axes.set_yticks(np.arange(len(matrix.rows) - 1) + 0.5, minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def short_number(value: float) -> str:
    """Return a number to two digits, or ∞."""
    return "∞" if math.isinf(value) else f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"


def _short(text: str, most: int = MAX_LABEL) -> str:
    return _drawn(cut(text, most))


def _drawn(text: str) -> str:
    """Return a name that the font has: a character without a glyph becomes its number, such as U+4E2D."""
    glyphs = _glyphs()
    known = "".join(c if ord(c) in glyphs and unicodedata.category(c) != "Cc" else f"U+{ord(c):04X}" for c in text)
    return known.replace("$", "\\$")  # a name is no formula


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(FONT)).get_charmap())
