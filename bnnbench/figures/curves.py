"""Anytime curves as arrays, run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times in seconds, rising, and the least loss from each of them on; float64 of one shape (n,)."""


def curves_by_run(curves: pd.DataFrame) -> dict[str, Curve]:
    """Split what `bnnbench.metrics.best_so_far` gives, which has the rows of a run together; by key of the run."""
    if curves.empty:
        return {}
    keys = curves["run"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    times = np.split(curves["time_s"].to_numpy(float), starts[1:])
    losses = np.split(curves["loss"].to_numpy(float), starts[1:])
    return {str(keys[start]): (t, loss) for start, t, loss in zip(starts, times, losses, strict=True)}
