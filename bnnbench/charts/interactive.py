"""Draw a chart for the screen: what plotly.js takes, as plain dictionaries, a figure per panel.

Panels are figures of their own, so that a narrow screen can stack them. Colors of page and text are the page's to set.
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Sequence
from typing import Any

from bnnbench.charts.beside import Places
from bnnbench.charts.chart import Chart, Matrix, Panel, Series
from bnnbench.charts.draw_matrix import short_number
from bnnbench.charts.style import style

MAX_NAME = 28
"""Characters of a name below an axis; a touch shows all of it."""
DIGITS = 6
"""Of numbers in a page: more than a screen has pixels."""
OPEN = {"above": ("triangle-up-open", 8), "below": ("triangle-down-open", 8), "ring": ("circle-open", 14)}
"""Marks that are an outline: symbol and size."""


def panel_figures(chart: Chart) -> list[dict[str, Any]]:
    """Return data and layout of each panel."""
    return [{"title": panel.title, **_figure(panel, chart.darkest)} for panel in chart.panels]


def _figure(panel: Panel, darkest: float) -> dict[str, Any]:
    if isinstance(panel.content, Matrix):
        return _matrix(panel.content, darkest)
    axis: dict[str, Any] = {
        "zeroline": False,
        "automargin": True,
        "rangemode": "nonnegative",
        "exponentformat": "power",
    }
    layout: dict[str, Any] = {
        "xaxis": axis | {"title": {"text": panel.x_label}, "type": "log" if panel.log_x else "linear"},
        "yaxis": axis | {"title": {"text": panel.y_label}, "type": "log" if panel.log_y else "linear"},
    }
    if not panel.has_axes:
        layout["xaxis"] |= {"visible": False, "fixedrange": True}
        layout["yaxis"] |= {"visible": False, "fixedrange": True}
    places = Places(panel.content, can_move=panel.has_axes and not panel.log_x)
    data = [trace for series in panel.content for trace in _traces(series, places, has_axes=panel.has_axes)]
    if places.names:
        short = [name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…" for name in places.names]
        ticks = {"tickvals": list(places.centers.values()), "ticktext": [_text(name) for name in short]}
        layout["xaxis"] |= {"tickmode": "array", "range": [-0.5, places.end], **ticks}
    layout["showlegend"] = sum(trace["showlegend"] for trace in data) > 0
    return {"data": data, "layout": layout}


def _traces(series: Series, places: Places, *, has_axes: bool) -> list[dict[str, Any]]:
    look = style(series.style)
    symbol = look.marker
    at = places.of(series).tolist()
    trace: dict[str, Any] = {
        "x": _plain(at),
        "y": _plain(series.y),
        "name": _text(series.label),
        "showlegend": bool(series.label),
        "legendgroup": series.label or f"style {series.style}",
    }
    if places.names or at != list(series.x):  # a touch tells the place itself, not where the mark was moved
        trace |= {"customdata": _plain(series.x), "hovertemplate": "%{customdata}, %{y}<extra>%{fullData.name}</extra>"}
    if series.texts is not None:
        trace |= {
            "text": [_text(text) for text in series.texts],
            "hovertemplate": "%{text}<extra>%{fullData.name}</extra>",
        }
    if series.mark == "bars":
        apart = min((b - a for a, b in itertools.pairwise(sorted(at))), default=1.0)
        return [
            trace
            | {"type": "bar", "width": min(0.8, 0.8 * apart), "marker": {"color": look.color}}
            | _error_bars(series)
        ]
    if series.mark in OPEN:
        shape, size = OPEN[series.mark]
        marker = {"color": look.color, "symbol": shape, "size": size}
        return [trace | {"type": "scatter", "mode": "markers", "marker": marker}]
    if series.mark == "points":
        marker = {"color": look.color, "symbol": symbol if has_axes else "circle", "size": 7}
        return [trace | {"type": "scatter", "mode": "markers", "marker": marker} | _error_bars(series)]
    line: dict[str, Any] = {"color": look.color, "dash": look.dash, "width": 1.6}
    if series.mark == "steps":
        line["shape"] = "hv"
    main = trace | {"type": "scatter", "mode": "lines", "line": line}
    return [*_band(series, at, trace["legendgroup"], look.color), main]


def _error_bars(series: Series) -> dict[str, Any]:
    if series.low is None or series.high is None:
        return {}
    up = [high - y if math.isfinite(high) else 0 for y, high in zip(series.y, series.high, strict=True)]
    down = [y - low for y, low in zip(series.y, series.low, strict=True)]
    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": _plain(up),
            "arrayminus": _plain(down),
            "thickness": 1,
            "width": 2,
        }
    }


def _band(series: Series, at: Sequence[float], group: str, color: str) -> list[dict[str, Any]]:
    """Return the lower edge, and the upper one that fills down to it; nothing where either is not finite."""
    if series.low is None or series.high is None:
        return []
    places = [
        k
        for k, (low, high) in enumerate(zip(series.low, series.high, strict=True))
        if math.isfinite(low) and math.isfinite(high)
    ]
    edge: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": _plain([at[k] for k in places]),
        "line": {"width": 0, "color": color} | ({"shape": "hv"} if series.mark == "steps" else {}),
        "showlegend": False,
        "legendgroup": group,
        "hoverinfo": "skip",
    }
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    fill = {"fill": "tonexty", "fillcolor": f"rgba({red},{green},{blue},0.13)"}
    return [
        edge | {"y": _plain([series.low[k] for k in places])},
        edge | {"y": _plain([series.high[k] for k in places])} | fill,
    ]


def _matrix(matrix: Matrix, darkest: float) -> dict[str, Any]:
    trace = {
        "type": "heatmap",
        "x": [_text(name) for name in matrix.columns],
        "y": [_text(name) for name in matrix.rows],
        # What failed is darker than any number.
        "z": [[None if math.isnan(v) else 1.2 * darkest if math.isinf(v) else v for v in row] for row in matrix.values],
        "text": [["" if math.isnan(v) else short_number(v) for v in row] for row in matrix.values],
        "texttemplate": "%{text}" if len(matrix.columns) <= 20 else "",
        "hovertemplate": f"%{{y}}<br>%{{x}}<br>%{{text}} {matrix.unit}<extra></extra>",
        "colorscale": [[0, "#eaf1fa"], [1, "#08306b"]],
        "zmin": 0,
        "zmax": 1.2 * darkest,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    axis: dict[str, Any] = {"automargin": True, "type": "category", "showgrid": False}
    layout = {
        "xaxis": axis | {"tickangle": -90},
        "yaxis": axis | {"autorange": "reversed"},
        "height": 60 + 7 * max(map(len, matrix.columns), default=0) + 22 * len(matrix.rows),
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def _plain(values: Sequence[Any]) -> list[Any]:
    """Return a value for JSON: names as `_text` has them, numbers rounded, None for what is not finite."""
    return [_text(v) if isinstance(v, str) else float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in values]


def _text(text: str) -> str:
    """Escape a text so that plotly.js, which reads some HTML and TeX, shows it as it stands."""
    return html.escape(text, quote=False).replace("$", "&#36;")
