"""What a solver of one's own works on, and whether its reads are independent, is known without its file."""

from __future__ import annotations

import pytest
from suite_texts import suite_text

from bnnbench.store.store import read_store

SOLVER = """
from dataclasses import dataclass
import numpy as np
import bnnbench as bb

@dataclass(frozen=True, kw_only=True)
class Mine(bb.Solver):
    {says}

    def sample(self, prepared, *, seed, budget):
        yield bb.Batch(np.ones((1, prepared.qubo.num_variables), dtype=np.int8))
"""


@pytest.mark.parametrize(
    ("says", "told"), [("memoryless = True", ("qubo", 1)), ('works_on = "network"', ("network", 0))], ids=str
)
def test_results_say_what_a_file_said_of_itself(says, told, bnnbench_, tmp_path):
    file = tmp_path / "exhaustive.py"  # named as an installed solver
    file.write_text(SOLVER.format(says=says))
    (tmp_path / "suite.toml").write_text(suite_text({"name": "parity"}, ["exhaustive.py"], budget={"reads": 1}))
    assert bnnbench_("run", tmp_path / "suite.toml", "--out", tmp_path / "out")[0] == 0
    file.unlink()

    with read_store(tmp_path / "out") as store:
        runs = store.runs()

    assert runs[["works_on", "is_memoryless"]].to_numpy().tolist() == [list(told)]
