"""Select from a suite, or change it, as the command line asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.entries import entries
from bnnbench.plugins.files import placed
from bnnbench.spec import parse_spec
from bnnbench.suite.file import Suite
from bnnbench.suite.planning import KINDS


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Changes of a suite; what is empty or None stays as the suite has it.

    Parameters
    ----------
    solvers, problems, formulations
        The only ones to take: names, specifications or paths of files, in the suite or not.
    seconds, reads, target
        Of every budget, also of those that a solver has of its own.
    repetitions
        Of each cell.

    Raises
    ------
    InputError
        If a number is not positive, or a target is below 0.
    """

    solvers: Sequence[str] = ()
    problems: Sequence[str] = ()
    formulations: Sequence[str] = ()
    seconds: float | None = None
    reads: int | None = None
    target: float | None = None
    repetitions: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.numbers.items():
            if name == "target" and not 0 <= value < math.inf:
                raise InputError(f"--target is a loss of 0 or more above the optimum, but {value} came.")
            if name != "target" and not value > 0:
                raise InputError(f"--{name} must be positive, but {value} came.")

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers of a budget that are given."""
        numbers = {"seconds": self.seconds, "reads": self.reads, "target": self.target}
        return {name: value for name, value in numbers.items() if value is not None}


def select(suite: Suite, overrides: Overrides) -> Suite:
    """Return a suite with the changes made.

    Raises
    ------
    InputError
        If no problem family has a given name, or a specification is malformed.
    """
    changes: dict[str, Any] = {
        section: [table for text in texts for table in _selected(text, getattr(suite, section), section)]
        for section in ("solvers", "problems", "formulations")
        if (texts := getattr(overrides, section))
    }
    if overrides.formulations:  # what was asked for goes before what a solver of the suite is for
        solvers = changes.get("solvers", suite.solvers)
        changes["solvers"] = [{k: v for k, v in table.items() if k != "formulations"} for table in solvers]
    if overrides.repetitions:
        changes["repetitions"] = overrides.repetitions
    if numbers := overrides.numbers:
        changes["budget"] = suite.budget.model_copy(update=numbers)
        changes["solvers"] = [
            table | {"budget": own | numbers} if isinstance(own := table.get("budget"), dict) else table
            for table in changes.get("solvers", suite.solvers)
        ]
    return suite.model_copy(update=changes)


def _cells(table: dict[str, Any]) -> list[str]:
    """Return the cells of a set that a table of problems names."""
    named = table.get("cell", ())
    return [named] if isinstance(named, str) else list(named)


def _selected(text: str, tables: list[dict[str, Any]], section: str) -> list[dict[str, Any]]:
    """Return the suite's tables of the given name; else a new table, so that a solver from elsewhere can join."""
    cells = {cell for table in tables if section == "problems" for cell in _cells(table)}
    if text in cells:
        return [table | {"cell": [text]} for table in tables if text in _cells(table)]
    spec = parse_spec(text)
    found = [table for table in tables if spec.name in (table.get("name"), table.get("set"))]
    if found and not spec.parameters:
        return found
    if section == "problems" and not found and not spec.name.endswith(".py") and spec.name not in entries("problem"):
        raise UnknownNameError("problem family, and no cell of the suite,", text, [*entries("problem"), *cells])
    spec = placed(KINDS[section], spec, Path())
    return [{"name": spec.name, **{k: [v] if isinstance(v, list) else v for k, v in spec.parameters.items()}}]
