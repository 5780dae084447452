"""Repetitions of a cell, until the interval of its success probability is narrow enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from bnnbench.hashing import canonical_json
from bnnbench.metrics import success_probability
from bnnbench.runs.cell import Cell
from bnnbench.runs.outcome import Outcome, Status

Verdict = Literal["solved", "unsolved", "undecided"]
"""Whether a run reached the optimum; undecided if no optimum is known, or the solver was not asked."""


@dataclass(frozen=True)
class Precision:
    """Repeat until the 95 % interval of the share of solved runs is at most `width` wide, see `success_probability`.

    Parameters
    ----------
    at_least, at_most
        Repetitions.
    width
        Of the interval, from 0 to 1. It takes most runs at a probability of one half: 0.2 takes about 90.
    """

    at_least: int
    at_most: int
    width: float

    def checkpoints(self) -> Iterator[int]:
        """Yield the numbers of repetitions after which to look: each a fifth more than the last.

        They depend on nothing that was measured, so that any order of runs and any interruption end at the same rows.
        """
        number = self.at_least
        while number < self.at_most:
            yield number
            number = min(self.at_most, number + max(1, number // 5))
        yield self.at_most


class Repeater:
    """The cells that have to run, as far as the finished ones tell.

    Parameters
    ----------
    cells
        All repetitions up to `at_most`, in order.
    verdicts
        Of finished runs, by key.
    precision
        None: all cells.
    """

    def __init__(self, cells: Sequence[Cell], verdicts: Mapping[str, Verdict], precision: Precision | None) -> None:
        self._groups: dict[Any, list[Cell]] = {}
        for cell in cells:
            self._groups.setdefault(_group(cell), []).append(cell)
        self._verdicts = dict(verdicts)
        self._precision = precision
        self._asked: set[str] = set()

    def first(self) -> list[Cell]:
        """Return the cells that are needed before anything runs, finished ones included."""
        return [cell for group in self._groups.values() for cell in self._due(group)]

    def after(self, cell: Cell, outcome: Outcome) -> list[Cell]:
        """Return further cells that are needed because a run ended as it did."""
        self._verdicts[cell.key] = verdict(outcome.status, outcome.loss_gap)
        return self._due(self._groups[_group(cell)])

    def possible(self) -> set[str]:
        """Return keys of the cells that are needed, or can come to be."""
        return {cell.key for group in self._groups.values() for cell in self._possible(group)}

    def _possible(self, group: list[Cell]) -> list[Cell]:
        needed = group[: self._needed(group)]
        return needed if all(cell.key in self._verdicts for cell in needed) else group

    def _due(self, group: list[Cell]) -> list[Cell]:
        due = [cell for cell in group[: self._needed(group)] if cell.key not in self._asked]
        self._asked.update(cell.key for cell in due)
        return due

    def _needed(self, group: list[Cell]) -> int:
        """Return the repetitions that are needed for certain: up to the first checkpoint that is open or reached."""
        if self._precision is None:
            return len(group)
        for number in self._precision.checkpoints():
            first = [self._verdicts.get(cell.key) for cell in group[:number]]
            if None in first or "undecided" in first:
                return number
            if _width(first.count("solved"), number) <= self._precision.width:
                return number
        return len(group)


@cache
def _width(solved: int, number: int) -> float:
    _, low, high = success_probability(solved, number)
    return high - low


def _group(cell: Cell) -> tuple[Any, ...]:
    one = cell.solver
    return cell.instance_hash, one.label, one.budget, canonical_json(one.parameters)


def verdicts(rows: Iterable[Mapping[str, Any]]) -> dict[str, Verdict]:
    """Return the verdicts of runs by key, from rows with a key, a status and a loss gap."""
    return {row["key"]: verdict(row["status"], row["loss_gap"]) for row in rows}


def verdict(status: Status, loss_gap: float | None) -> Verdict:
    """Return the verdict of a run; one that failed is unsolved, also if it had seen the optimum."""
    if status in ("refused", "unavailable") or (status == "ok" and loss_gap is None):
        return "undecided"
    return "solved" if status == "ok" and loss_gap is not None and loss_gap <= 0 else "unsolved"
