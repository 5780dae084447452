"""The tuned suites of the documentation: what they name is there, and was tuned on other problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan
from bnnbench.suite.tuned import read_tuned

FOLDER = Path(__file__).parents[2] / "docs" / "tuning"
SUITES = [path for path in sorted(FOLDER.glob("*.toml")) if not path.stem.endswith("_found")]


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_suite_of_the_documentation_runs_tuned_settings_on_other_problems(path):
    planned = plan(read_suite(path), path.parent)  # refuses problems that were tuned on

    found = read_tuned(path.parent / f"{path.stem}_found.toml")
    changed = [pair for pair in found.pairs if pair.solver_parameters or pair.formulation_parameters]
    assert len(found.pairs) == 7
    assert len(planned.tuned) >= len(changed) > 0
    assert len(planned.problems) == 20
