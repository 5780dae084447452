"""To add a solver is one file."""

from __future__ import annotations

import sys
from pathlib import Path

import bnnbench_solvers
import pytest

from bnnbench.plugins.entries import entries
from bnnbench.plugins.guide import solver_table

MINE = '''"""All bits are one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import bnnbench as bb
from bnnbench.solver import Batch


@dataclass(frozen=True, kw_only=True)
class Ones(bb.Solver):
    """Answer ones."""

    bit: int = 1
    """Which bit."""

    def sample(self, prepared, *, seed: int, budget: bb.Budget) -> Iterator[Batch]:
        for reads in budget.reads_in_batches(10):
            yield Batch(np.full((reads, prepared.qubo.num_variables), self.bit, dtype=np.int8))
'''
SUITE = """
repetitions = 1
[budget]
reads = 5
[[problems]]
name = "majority"
[[formulations]]
name = "compact"
[[solvers]]
name = "./allones.py"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the solver and a suite that runs it."""
    (tmp_path / "allones.py").write_text(MINE)
    (tmp_path / "mine.toml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_beside_the_others_is_listed_and_in_the_guide(folder, monkeypatch, bnnbench_) -> None:
    monkeypatch.setattr(bnnbench_solvers, "__path__", [*bnnbench_solvers.__path__, str(folder)])
    spec = bnnbench_solvers.__spec__
    assert spec is not None
    monkeypatch.setattr(spec, "submodule_search_locations", [*(spec.submodule_search_locations or []), str(folder)])
    entries.cache_clear()
    try:
        assert entries("solver")["allones"].summary == "All bits are one."
        told = "| `allones` | All bits are one | qubo | no | yes | no | no | no | not counted |  | `bit` |  |\n"
        assert told in solver_table()
        assert "allones" in bnnbench_("list", "solvers")[1]
    finally:
        entries.cache_clear()
        sys.modules.pop("bnnbench_solvers.allones", None)


def test_a_file_anywhere_is_in_every_table_and_in_the_report(folder, bnnbench_) -> None:
    def output(*arguments: str) -> str:
        code, out, err = bnnbench_(*arguments)
        assert code == 0, err
        return out

    assert "Which bit." in output("list", "solvers", "./allones.py")
    output("run", "mine.toml", "--out", "results")
    assert "allones" in output("show", "results")
    for form in ("csv", "markdown", "latex", "html"):
        assert "allones" in output("export", "results", "--to", form)
    output("report", "results", "-o", "page.html")
    assert "allones" in (folder / "page.html").read_text()
