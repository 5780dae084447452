"""The table of best settings: of each solver on each group of problems, and the virtual best of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bnnbench.metrics.optimal import best_settings
from bnnbench.metrics.summary import with_works_on
from bnnbench.tables.table import Column, Table
from bnnbench.tables.works_on import WORKS_ON

COLUMNS = (
    Column("group", "problems", kind="text"),
    Column("formulation", "formulation", kind="text"),
    Column("solver", "solver", kind="text"),
    WORKS_ON,
    Column("problems", "number", kind="count", rank=60, note="of problems that all settings met"),
    Column("settings", "settings", kind="count", rank=50, note="number that was tried"),
    Column("ert_s_setting", "best setting", kind="text", rank=130, note="of least ERT; solvers of the virtual best"),
    Column(
        "ert_s", "ERT", "s", kind="log",
        note="expected sampling time to the optimum with restarts, the median over problems; >: 95 % lower bound",
    ),
    Column("ert_s_end", "end of range", kind="text", rank=120, note="the best may lie beyond what was tried"),
    Column(
        "virtual_s", "ERT by problem", "s", kind="log", rank=40,
        note="the same with the best setting for each problem, chosen after the fact",
    ),
    Column("tts_s_setting", "setting for TTS99", kind="text", rank=30),
    Column("tts_s", "TTS99", "s", kind="log", rank=35, note="of independent reads, at the setting where it is least"),
    Column("tts_s_end", "end for TTS99", kind="text", rank=20),
)  # fmt: skip
INTERVALS = (
    "In brackets: 95 % intervals of the minimum over settings, corrected for the choice among them, over problems, or "
    "over the runs of one problem; none for 2 to 5 problems."
)
VIRTUAL = (
    "Virtual best: for each problem the solver and the setting of least ERT, chosen after the fact, which no rule that "
    "is fixed before reaches; too low where few runs are behind each ERT, and without an interval."
)


def best_table(runs: pd.DataFrame, _machines: Mapping[str, Any], name: str) -> Table:
    """Return a row per group of problems, formulation and solver, see `bnnbench.metrics.optimal.best_settings`."""
    data = with_works_on(best_settings(runs), runs)
    title = f"Best settings of the solvers of {name}, by group of problems."
    return Table("best", name, title, f"{INTERVALS} {VIRTUAL}", COLUMNS, data, ("group",))
