"""Draw a chart for print: matplotlib, at the width of a column, in the type of a caption."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bnnbench.charts.beside import IN_A_ROW, SPREAD, Places, categories, with_same_names
from bnnbench.charts.chart import Chart, Matrix, Panel, Series
from bnnbench.charts.draw_matrix import draw_matrix
from bnnbench.charts.draw_series import MARK_PT, TURN, SeriesDrawing, is_sideways, is_turned
from bnnbench.charts.glyphs import FONT, MAX_LABEL, drawn, short
from bnnbench.charts.names import shortened
from bnnbench.errors import InputError, restated, system_errors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Width = Literal["article", "column", "page"]
WIDTHS_IN = {"article": 4.77, "column": 3.4, "page": 7.0}
"""Of the line of LaTeX's article on A4, of a column and of both in the two-column formats of IEEE, ACM and APS."""
FORMATS = (".pdf", ".svg", ".png")
PANEL_IN, ROW_IN, DRAWING_IN, LABELS_IN = 1.9, 0.17, 1.6, 0.3
"""Heights: of a panel, of a row with a mark, of a drawing, of what a panel has room for below its axis."""
PAGE_IN = 9.0
"""Height of a page's text."""
PANELS_PER_ROW = {"article": (1, 2), "column": (1,), "page": (1, 2, 3, 2, 3, 3)}
"""For 1, 2, … panels, and as the last for more."""
DOTS_PER_INCH = 300
MAX_CELLS_WITH_NUMBERS = 26
"""Columns of a page-wide row of matrices, up to which numbers fit into their cells."""
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
    check_format(path)
    with print_style():
        figure = draw_chart(chart, width=width)
        dated = {".pdf": "CreationDate", ".svg": "Date"}.get(path.suffix.lower())
        with system_errors(InputError, f"{path} cannot be written", "give another path with -o"):
            figure.savefig(path, dpi=DOTS_PER_INCH, metadata={dated: None} if dated else None)


def check_format(path: Path) -> None:
    """Raise `InputError` if the ending of a path is not that of a drawing."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path} is no {', '.join(FORMATS)} file; give a path with one of these endings.")


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
    in_rows = [chart.panels[row * columns : (row + 1) * columns] for row in range(rows)]
    heights = [max(_height(panel, in_row) for panel in in_row) for in_row in in_rows]
    # The last panel of each column has the names of its columns below it: in two rows, where the last is not full.
    names_in = max(map(_names_in, chart.panels)) * (1 + (rows > 1 and len(chart.panels) % columns > 0))
    is_crowded = has_matrix and sum(heights) + names_in > PAGE_IN
    if is_crowded:  # rows without names, where they would take more than a page
        heights = [max(PANEL_IN, (PAGE_IN - names_in) / rows)] * rows
    labels = shortened(list({s.label: 0 for panel in chart.panels for s in _series(panel) if s.label}), MAX_LABEL)
    names = [drawn(label) for label in labels.values()]
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
        axes.set_title("\n".join(short(line, most) for line in panel.title.split("\n")), fontsize=7)
        if isinstance(panel.content, Matrix):
            cells_in_row = columns * len(panel.content.columns) * 7 / WIDTHS_IN[width]
            draw_matrix(
                axes,
                panel.content,
                with_numbers=not is_crowded and cells_in_row <= MAX_CELLS_WITH_NUMBERS,
                names=(place % columns == 0 and not is_crowded, place + columns >= len(chart.panels)),
                darkest=chart.darkest,
            )
        else:
            in_line = with_same_names(panel.content, in_rows[place // columns])
            shown = SeriesDrawing(axes, panel, panel.content, in_line).draw(has_names=place % columns == 0)
            handles |= {label: handle for label, handle in shown.items() if label not in handles}
    if handles:
        figure.legend(
            handles.values(),
            [drawn(labels[label]) for label in handles],
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


def _height(panel: Panel, in_row: Sequence[Panel]) -> float:
    if isinstance(panel.content, Matrix):
        return 0.3 + ROW_IN * len(panel.content.rows)
    if is_sideways(panel.content):
        places = Places(with_same_names(panel.content, in_row))
        row_in = ROW_IN if places.most == 1 else (MARK_PT + 1) / 72 * min(places.most, IN_A_ROW) / SPREAD
        return max(PANEL_IN, 0.5 + max(row_in, ROW_IN) * (places.end + 0.5))
    return PANEL_IN if panel.has_axes else DRAWING_IN


def _names_in(panel: Panel) -> float:
    """Return the inches below the last row for upright or turned names, at 0.055 inches per character of 6.5 points."""
    content = panel.content
    if isinstance(content, Matrix):
        return 0.055 * max(map(len, map(short, content.columns)), default=0)
    names = [] if is_sideways(content) else categories(content)
    longest = max(map(len, map(short, names)), default=0) if is_turned(names) else 0
    return max(0.0, 0.055 * math.sin(math.radians(TURN)) * longest - LABELS_IN)


def _series(panel: Panel) -> tuple[Series, ...]:
    return () if isinstance(panel.content, Matrix) else panel.content
