"""Draw a matrix of numbers in shades of blue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bnnbench.charts.chart import Matrix
from bnnbench.charts.glyphs import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_matrix(axes: Axes, matrix: Matrix, *, with_numbers: bool, names: tuple[bool, bool], darkest: float) -> None:
    """Draw a matrix; `names` says whether its rows and its columns are named, `darkest` what value is darkest."""
    values = np.array(matrix.values, dtype=float).reshape(len(matrix.rows), len(matrix.columns))
    # The darkest tenth is for what failed: worse than any number.
    shades = np.where(np.isposinf(values), 1.0, 0.05 + 0.8 * values / darkest)
    axes.imshow(np.ma.masked_invalid(shades), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if with_numbers:
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                color = "white" if shades[row, column] > 0.55 else "black"
                axes.text(column, row, short_number(value), ha="center", va="center", fontsize=5.5, color=color)
    axes.set_xticks(range(len(matrix.columns)), [short(n) if names[1] else "" for n in matrix.columns], rotation=90)
    axes.set_yticks(range(len(matrix.rows)), [short(n) if names[0] else "" for n in matrix.rows])
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
