"""A solver that ignores the formulation, or is about one of them, need not run on all."""

from __future__ import annotations

import pytest

from bnnbench.errors import InputError
from bnnbench.suite.file import read_suite
from bnnbench.suite.planning import plan
from bnnbench.suite.selection import Overrides, select

SUITE = """
[budget]
reads = 20
[[problems]]
name = "parity"
size = 2
[[formulations]]
name = "compact"
[[formulations]]
name = "reduced"
penalty = [2, 3]
[[solvers]]
name = "random"
[[solvers]]
name = "weight_search"
formulations = {formulations}
"""


def met(tmp_path, where, **overrides):
    (tmp_path / "s.toml").write_text(SUITE.format(formulations=where))
    planned = plan(select(read_suite(tmp_path / "s.toml"), Overrides(**overrides)), tmp_path)
    assert len(list(planned.cells())) == planned.num_cells
    return [str(cell.formulation) for cell in planned.cells() if cell.solver.label == "weight_search"]


@pytest.mark.parametrize(
    ("formulations", "expected"),
    [
        ('"compact"', ["compact"]),
        ('"reduced"', ["reduced[penalty=2.0]", "reduced[penalty=3.0]"]),
        ('["compact", "reduced[penalty=3.0]"]', ["compact", "reduced[penalty=3.0]"]),
        ('"reduced[penalty=3]"', ["reduced[penalty=3.0]"]),
        ('"reduced[merge=true]"', ["reduced[penalty=2.0]", "reduced[penalty=3.0]"]),
    ],
)
def test_a_solver_runs_on_the_formulations_that_it_names(tmp_path, formulations, expected):
    assert met(tmp_path, formulations) == expected


def test_what_the_command_line_asks_for_goes_first(tmp_path):
    assert met(tmp_path, '"compact"', formulations=("soft",)) == ["soft"]


def test_a_formulation_that_the_suite_does_not_have_is_named(tmp_path):
    with pytest.raises(InputError, match="weight_search is for the formulation 'soft', but the suite has compact"):
        met(tmp_path, '"soft"')
