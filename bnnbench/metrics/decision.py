"""The best solver for each rung, depth, load and size of problems: the way with the least expected running time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError
from bnnbench.metrics.rungs import RUNGS
from bnnbench.metrics.running_time import expected_running_time, median_running_time

if TYPE_CHECKING:
    import pandas as pd

ALPHAS = (0.0, 0.5, 0.83, 1.2, math.inf)
"""Bounds of the classes of α; 0.83 is the capacity of the binary perceptron for random labels."""
WEIGHTS = (0, 24, 64, 128, math.inf)
"""Bounds of the classes of the number of weights: enumerated, searched, annealed, beyond."""
CLASSES = ("rung", "hidden_layers", "alpha_class", "weights_class")
WAY = ["formulation", "solver"]


def decision_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per class of problems that has runs: what solves them in least time, and the next best solver.

    A way is a formulation with a solver. Its figure is the median over problems of the expected running time with
    restarts (`bnnbench.metrics.median_running_time`), infinite for a problem that it never solved. Only ways that met
    all problems of the class are compared, as another set of problems is another question. Where none solves half of
    the problems, no time is known, and the way that solves most of them is named; none where nothing is solved.

    Parameters
    ----------
    runs
        A row per run, see `bnnbench.store.store.Store.runs`.

    Returns
    -------
    DataFrame
        ``rung`` (empty without a set), ``hidden_layers``, ``alpha_class``, ``weights_class``, ``problems``,
        ``formulation``, ``solver``, ``ert_s`` with its 95 % interval, ``solved_share`` of problems, ``next_solver``,
        and ``ratio``, its time over the least.

    Raises
    ------
    InputError
        If no run is on a network whose size is known.
    """
    import pandas as pd

    known = runs[runs["num_weights"].notna() & ~runs["status"].isin(["refused", "unavailable"])]
    if known.empty:
        raise InputError("no run is on a network whose size is known, so that there is nothing to decide.")
    known = known.assign(
        rung=known["rung"].astype(object).fillna(""),
        hidden_layers=[str(network).count("-") - 1 for network in known["network"]],
        alpha_class=[_class(value, ALPHAS) for value in known["alpha"]],
        weights_class=[_class(value, WEIGHTS) for value in known["num_weights"]],
    )
    groups = known.groupby(list(CLASSES), sort=False)
    rows = [dict(zip(CLASSES, keys, strict=True)) | _decided(part) for keys, part in groups]
    order = {rung: place for place, rung in enumerate(RUNGS)}
    bounds = ("weights_class", "alpha_class")
    rows.sort(key=lambda row: (order.get(row["rung"], -1), row["hidden_layers"], *(_low(row[name]) for name in bounds)))
    return pd.DataFrame(rows)


def _decided(runs: pd.DataFrame) -> dict[str, Any]:
    """Return the best way of a class of problems, and the best one of another solver."""
    num_problems = runs["problem_hash"].nunique()
    complete = runs.groupby(WAY)["problem_hash"].transform("nunique") == num_problems
    row: dict[str, Any] = {"problems": num_problems, "formulation": "", "solver": ""}
    row |= dict.fromkeys(("ert_s", "ert_s_low", "ert_s_high", "solved_share", "ratio"), math.nan) | {"next_solver": ""}
    each = expected_running_time(runs[complete], [*WAY, "problem_hash"])["ert_s"]
    share = each.map(math.isfinite).groupby(level=WAY).mean()
    times = median_running_time(runs[complete], WAY).assign(solved_share=share)
    times = times[times["solved_share"] > 0].replace({"ert_s": math.inf}, math.nan)
    times = times.sort_values(["ert_s", "solved_share"], ascending=[True, False], kind="stable")
    if times.empty:
        return row
    row |= dict(zip(WAY, times.index[0], strict=True))
    row |= {str(name): value for name, value in times.iloc[0].items()}
    if math.isnan(row["ert_s"]):
        row |= dict.fromkeys(("ert_s_low", "ert_s_high"), math.nan)
    others = times[times.index.get_level_values("solver") != row["solver"]]
    if len(others):
        row |= {"next_solver": others.index[0][1], "ratio": float(others["ert_s"].iloc[0] / row["ert_s"])}
    return row


def _class(value: float, bounds: Sequence[float]) -> str:
    """Return the class of a number in words: up to a bound, between two, or above the last."""
    place = next(place for place, bound in enumerate(bounds[1:]) if value <= bound)
    low, high = bounds[place], bounds[place + 1]
    return f"> {low:g}" if math.isinf(high) else f"≤ {high:g}" if place == 0 else f"{low:g} to {high:g}"


def _low(words: str) -> float:
    """Return the number at which a class begins."""
    return 0.0 if words.startswith("≤") else float(words.removeprefix("> ").partition(" ")[0])
