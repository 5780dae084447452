"""The table of scaling: how the expected running time of each solver grows with the number of weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.metrics.scaling import scaling_table as fitted
from bnnbench.metrics.summary import with_works_on
from bnnbench.tables.rounding import DASH
from bnnbench.tables.table import Column, Table
from bnnbench.tables.works_on import WORKS_ON

COLUMNS = (
    Column("formulation", "formulation", kind="text"),
    Column("solver", "solver", kind="text"),
    WORKS_ON,
    Column("instances", "instances", kind="count", rank=60),
    Column("censored", "unsolved", kind="count", rank=80, note="instances that no run solved"),
    Column("sizes", "sizes", kind="count", rank=50, note="numbers of weights"),
    Column("exponent", "exponent", "1/weight", note="b of ERT = c · 2^(b·weights)"),
    Column("power", "power", rank=70, note="b of ERT = c · weights^b"),
)


def scaling_table(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    """Return a row per formulation and solver, see `bnnbench.metrics.scaling.scaling_table`.

    Raises
    ------
    InputError
        If no run with a known optimum is on a network whose size is known.
    """
    data = fitted(runs)
    if data.empty:
        raise InputError(f"{name}: no run with a known optimum is on a network whose size is known.")
    caption = (
        "Regression of successes in the time that was spent, unsolved instances among them. In brackets: 95 % "
        "intervals by a bootstrap of instances. Where the load α differs between sizes, the exponent is that of both. "
        f"{DASH}: fewer than ten solved instances at three sizes carry no line."
    )
    title = f"Growth of the expected running time with the number of weights in {name}."
    return Table("scaling", name, title, caption, COLUMNS, with_works_on(data, runs), ("formulation",))
