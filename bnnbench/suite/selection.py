"""Select from a suite, or change it, as the command line asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.suite.file import Suite

if TYPE_CHECKING:
    from bnnbench.suite.file import Suite


def changed(
    suite: Suite,
    solvers: list[str] | None,
    problems: list[str] | None,
    formulations: list[str] | None,
    seconds: float | None,
    reads: int | None,
    repetitions: int | None,
) -> Suite:
    """The suite with the command line's filters and numbers."""
    changes: dict[str, Any] = {}
    if solvers:
        changes["solvers"] = [table for text in solvers for table in _selected(text, suite.solvers, "solver")]
    if problems:
        changes["problems"] = [table for text in problems for table in _selected(text, suite.problems, "problem")]
    if formulations:
        changes["formulations"] = [
            t for text in formulations for t in _selected(text, suite.formulations, "formulation")
        ]
    if repetitions:
        changes["repetitions"] = repetitions
    numbers = {key: value for key, value in (("seconds", seconds), ("reads", reads)) if value is not None}
    for key, value in numbers.items():
        if not value > 0:
            raise InputError(f"--{key} must be positive, but {value} came.")
    if numbers:
        changes["budget"] = suite.budget.model_copy(update=numbers)
        tables = changes.get("solvers", suite.solvers)
        changes["solvers"] = [
            table | {"budget": own | numbers} if isinstance(own := table.get("budget"), dict) else table
            for table in tables
        ]
    return suite.model_copy(update=changes)


def _selected(text: str, tables: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """Tables of the suite with the given name; else a new table, so that a solver from elsewhere can join."""
    from bnnbench.spec import parse_spec

    spec = parse_spec(text)
    found = [table for table in tables if table.get("name") == spec.name]
    if found and not spec.parameters:
        return found
    name = str(Path(spec.name).resolve()) if spec.name.endswith(".py") else spec.name
    if what == "problem" and not found and not name.endswith(".py"):
        from bnnbench.plugins.registry import entries

        if name not in entries("problem"):
            raise UnknownNameError("problem family", name, entries("problem"))
    parameters = {k: [v] if isinstance(v, list) else v for k, v in spec.parameters.items()}
    if what == "problem" and isinstance(path := parameters.get("path"), str):
        parameters["path"] = str(Path(path).resolve())  # as the file's name: a suite's paths are relative to its folder
    return [{"name": name, **parameters}]
