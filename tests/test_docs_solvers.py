"""The table of solvers in the guide says what the adapters say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bnnbench as bb
from bnnbench.plugins.registry import entries

GUIDE = Path(__file__).parents[1] / "docs" / "solvers.md"
ROWS = {
    cells[0].strip("`"): dict(
        zip(("method", "on", "libraries", "exact", "seeded", "parameters"), cells[1:], strict=False)
    )
    for line in GUIDE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
OURS = [name for name, entry in entries("solver").items() if entry.distribution == "bnnbench"]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_solver_has_a_row_and_every_row_a_solver() -> None:
    assert sorted(ROWS) == sorted(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_row_says_what_the_adapter_says(name: str) -> None:
    solver, row = bb.load_solver(name), ROWS[name]

    assert names(row["libraries"]) == sorted(solver.needs)
    assert row["exact"] == ("yes" if solver.exact else "no")
    assert row["seeded"] == ("yes" if solver.seeded else "no")
    assert set(names(row["parameters"])) <= set(solver.parameters)
    assert row["parameters"] or not solver.parameters
