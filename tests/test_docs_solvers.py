"""The table of solvers in the guide says what the adapters say."""

from __future__ import annotations

from pathlib import Path

from bnnbench.plugins.guide import solver_table, with_solver_table

GUIDE = Path(__file__).parents[1] / "docs" / "solvers.md"


def test_the_table_of_the_guide_is_made_from_the_solvers() -> None:
    assert solver_table() in GUIDE.read_text(encoding="utf-8"), (
        "the table of solvers is old; make it again: python -m bnnbench.plugins.guide docs/solvers.md"
    )


def test_making_it_again_changes_the_first_table_alone() -> None:
    guide = "Solvers\n\n| old |\n|---|\n| row |\n\nText\n\n| other |\n"
    assert with_solver_table(guide) == f"Solvers\n\n{solver_table()}\nText\n\n| other |\n"
