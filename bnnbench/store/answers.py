"""The answer of a run: what the same question must bring again, whenever and wherever it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bnnbench.qubo.qubo import TOLERANCE
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


def differences(answer: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of what two runs answered differently; times are no part of an answer.

    Losses are exact. Other figures agree if they differ by at most `bnnbench.qubo.qubo.TOLERANCE`.

    Parameters
    ----------
    answer, other
        Rows of two runs with their samples; what is absent is None.
    """
    return [name for column, name in ANSWER.items() if not agree(answer.get(column), other.get(column), column)]


def agree(value: Any, other: Any, column: str = "") -> bool:
    """Return whether two figures of a column are the same up to rounding, or two other values are equal."""
    slack = 0.0 if column in EXACT else TOLERANCE
    if isinstance(value, (int, float)) and isinstance(other, (int, float)):
        return value == other or abs(value - other) <= slack or (math.isnan(value) and math.isnan(other))
    return bool(value == other)
