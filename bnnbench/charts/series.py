"""Series of estimates: points with intervals of which some ends are unknown, curves with bands, curves of runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnnbench.charts.chart import Mark, Series
from bnnbench.metrics import Interval
from bnnbench.metrics.scaling import Line

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times in seconds, rising, and the least loss from each of them on; float64 of one shape (n,)."""


def interval_series(
    label: str, style: int, x: Sequence[float | str], estimates: Sequence[Interval], texts: Sequence[str]
) -> list[Series]:
    """Return points with their intervals, and ▲ or ▼ where only a bound is known.

    An estimate of 0 with a positive upper end becomes ▼ there, an infinite one with a finite lower end ▲: on a
    logarithmic axis neither has a place of its own.
    """
    value, low, high = np.array(estimates, dtype=float).reshape(-1, 3).T
    # Where values are too few for an interval, its ends are infinite, and none is drawn.
    low, high = np.where(np.isneginf(low), value, low), np.where(np.isposinf(high) & np.isfinite(value), value, high)
    is_above = np.isinf(value) & np.isfinite(low)
    is_below = (value == 0) & (high > 0)
    places: list[tuple[Mark, NDArray[np.bool_], NDArray[np.float64]]] = [
        ("points", np.isfinite(value) & ~is_below, value),
        ("above", is_above, low),
        ("below", is_below, high),
    ]
    shown = [place for place in places if place[1].any()]
    return [
        Series(
            label="" if number else label,
            x=[place for place, is_here in zip(x, here, strict=True) if is_here],
            y=y[here].tolist(),
            style=style,
            mark=mark,
            low=low[here].tolist() if mark == "points" else None,
            high=high[here].tolist() if mark == "points" else None,
            texts=[text for text, is_here in zip(texts, here, strict=True) if is_here],
        )
        for number, (mark, here, y) in enumerate(shown)
    ]


def band_series(
    label: str, style: int, x: NDArray[np.float64], quartiles: Sequence[NDArray[np.float64]], mark: Mark
) -> Series:
    """Return a median with the band of its quartiles (lower, median, upper, each of shape (n,)).

    Where the upper end is infinite, the band ends at the largest end that is finite.
    """
    low, y, high = quartiles
    finite = high[np.isfinite(high)]
    ceiling = np.maximum(y, finite.max() if finite.size else y)
    top = np.where(np.isfinite(high), high, ceiling)
    return Series(label, x.tolist(), y.tolist(), style, mark, low=low.tolist(), high=top.tolist())


def growth_series(label: str, style: int, line: Line, ends: tuple[float, float], per: int) -> Series:
    """Return the line of a fit between two sizes, named by its growth per so many units of size, with its interval."""
    growth, low, high = (2.0 ** (per * slope) for slope in line.interval)
    named = f"{label}: ×{growth:.2g} [{low:.2g}, {high:.2g}] per {per}"
    return Series(named, list(ends), [2.0 ** (line.intercept + line.slope * end) for end in ends], style, "trend")


def curves_by_run(curves: pd.DataFrame) -> dict[str, Curve]:
    """Return the curve of each run by its key, from the rows that `bnnbench.metrics.best_so_far` gives."""
    if curves.empty:
        return {}
    keys = curves["run"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    times = np.split(curves["time_s"].to_numpy(float), starts[1:])
    losses = np.split(curves["loss"].to_numpy(float), starts[1:])
    return {str(keys[start]): (t, loss) for start, t, loss in zip(starts, times, losses, strict=True)}
