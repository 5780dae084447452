"""Estimates with intervals, of which some ends are not known: points, and curves with bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnnbench.figures.chart import Mark, Series
from bnnbench.metrics import Interval


def interval_series(
    label: str, look: int, x: Sequence[float], estimates: Sequence[Interval], texts: Sequence[str]
) -> list[Series]:
    """Points with their intervals, and ▲ or ▼ where only a bound is known.

    An estimate of 0 with a positive upper end becomes ▼ there, an infinite one with a finite lower end ▲: on a
    logarithmic axis neither has a place of its own.
    """
    value, low, high = np.array(estimates, dtype=float).reshape(-1, 3).T
    is_above = np.isinf(value) & np.isfinite(low)
    is_below = (value == 0) & (high > 0)
    is_point = np.isfinite(value) & ~is_below
    parts: list[Series] = []
    places: list[tuple[str, np.ndarray, np.ndarray]] = [
        ("points", is_point, value),
        ("above", is_above, low),
        ("below", is_below, high),
    ]
    for mark, here, y in places:
        if not here.any():
            continue
        parts.append(
            Series(
                label="" if parts else label,
                x=np.array(x, dtype=float)[here].tolist(),
                y=y[here].tolist(),
                look=look,
                mark=mark,  # type: ignore[arg-type]
                low=low[here].tolist() if mark == "points" else None,
                high=high[here].tolist() if mark == "points" else None,
                texts=[text for text, is_here in zip(texts, here, strict=True) if is_here],
            )
        )
    return parts


def band_series(
    label: str,
    look: int,
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    y: NDArray[np.float64],
    high: NDArray[np.float64],
    mark: Mark,
) -> Series:
    """A curve with its band; where the upper end is infinite, the band ends at the largest that is finite."""
    finite = high[np.isfinite(high)]
    ceiling = np.maximum(y, finite.max() if finite.size else y)
    top = np.where(np.isfinite(high), high, ceiling)
    return Series(label, x.tolist(), y.tolist(), look, mark, low=low.tolist(), high=top.tolist())
