"""The answer of a run: what the same question must bring again, whenever and wherever it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome

ANSWER = {
    **{column.name: column.name for column in columns_of(Outcome) if column.is_answer},
    "sample.energy": "best sample",
    "sample.loss": "best weights",
}
"""Columns of a run that are its answer, with their names in sentences; ``sample.…`` are those of `Store.samples`."""
EXACT = {"loss", "loss_gap", "sample.loss"}
"""Columns of losses, which are multiples of a power of two and the same on every machine."""
SAME = 2.0**-40
"""Part of a figure that machines may differ by: means are divided, and bounds may come from sums in any order."""


def differences(answer: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of what two runs answered differently; times are no part of an answer.

    Losses are exact. Other figures agree up to `SAME`.

    Parameters
    ----------
    answer, other
        Rows of two runs with their samples; what is absent is None.
    """
    return [name for column, name in ANSWER.items() if not agree(answer.get(column), other.get(column), column)]


def agree(value: Any, other: Any, column: str = "", slack: float = 0.0) -> bool:
    """Return whether two figures of a column are the same up to rounding, or two other values are equal.

    Parameters
    ----------
    slack
        By how much two figures may differ, however small they are; a column of `EXACT` is compared without it.
    """
    if isinstance(value, (int, float)) and isinstance(other, (int, float)):
        if value == other or (math.isnan(value) and math.isnan(other)):
            return True
        return column not in EXACT and abs(value - other) <= max(slack, SAME * max(abs(value), abs(other)))
    return bool(value == other)
