"""Exponents of claims: how fast a cost grows with the size of problems, or how much faster than another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics.over_problems import problem_key
from bnnbench.metrics.running_time import ERTS
from bnnbench.metrics.scaling import fit_line, size_points
from bnnbench.metrics.success import Interval


def exponent(first: pd.DataFrame, second: pd.DataFrame | None, cost: str, size: str) -> tuple[Interval, int]:
    """Return b in ``cost = c·2^(b·size)`` with its 95 % interval over problems, and the number of problems.

    With `second`, the difference of both exponents on the problems that both were asked, from the same bootstrap
    samples of problems. Without a line, see `bnnbench.metrics.scaling.fit_line`, all three are NaN.

    Parameters
    ----------
    first, second
        Runs, a row each.
    cost
        A name in `bnnbench.metrics.running_time.ERTS`.
    size
        A column of runs.

    Raises
    ------
    InputError
        If the cost is no ERT, or the runs do not have the size.
    """
    if cost not in ERTS:
        raise InputError(f"an exponent is one of an expected running time, but the cost is {cost!r}; take ert_s.")
    parts = [runs.assign(_all="") for runs in (first, second) if runs is not None]
    if any(size not in runs or runs[size].isna().all() for runs in parts):
        raise InputError(
            f"an exponent needs the size of each problem, but the runs have no {size!r}; take num_weights."
        )
    key = problem_key(*parts)
    keys = set.intersection(*(set(runs[key]) for runs in parts))
    lines = []
    for runs in parts:
        points = size_points(runs[runs[key].isin(keys)], ["_all"], size, cost)
        if not points:
            return (math.nan, math.nan, math.nan), 0
        x, successes, spent = (points[0][1][name].to_numpy(float) for name in ("size", "successes", "spent"))
        lines.append(fit_line(x, successes, spent))
    found = [line for line in lines if line is not None]
    if len(found) < len(lines):
        return (math.nan, math.nan, math.nan), len(keys)
    if len(found) == 1:
        return found[0].interval, len(keys)
    draws = found[0].draws - found[1].draws
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return (found[0].slope - found[1].slope, float(low), float(high)), len(keys)
