"""The verb that tells how hard the cells of a set are."""

from __future__ import annotations

import pandas as pd

SET = """
[splits]
tune = [0, 1]
test = [2, 3]

[[cells]]
name = "small"
family = "distinct_rows"
widths = [3, 1]
load = 1.0

[[cells]]
name = "large"
family = "distinct_rows"
widths = [5, 1]
load = 1.0
"""
SUITE = """
[budget]
reads = 20

[[problems]]
set = "mine.toml"
split = "tune"
cell = "large"

[[formulations]]
name = "reduced"

[[solvers]]
name = "random"
"""


def test_cells_that_a_pilot_did_not_try_keep_their_rows(bnnbench_, tmp_path):
    (tmp_path / "mine.toml").write_text(SET)
    (tmp_path / "large.toml").write_text(SUITE)
    assert bnnbench_("truth", tmp_path / "mine.toml", "-o", tmp_path / "mine.parquet")[0] == 0
    table = tmp_path / "mine_pilot.csv"
    table.write_text(
        "cell,solver,is_floor,instances,runs,solved,seconds,num_reads\n"
        "small,search,0,2,2,2,4.0,2\nlarge,search,0,2,2,0,4.0,2\n"
    )
    assert bnnbench_("run", tmp_path / "large.toml", "--out", tmp_path / "results")[0] == 0

    code, screen, said = bnnbench_("pilot", tmp_path / "results", tmp_path / "mine.toml", "-o", table)

    assert (code, said) == (0, f"written to {table}\n")
    assert "| small | hard | 2 of 2, 0.5/s |" in screen
    rows = pd.read_csv(table)
    assert rows[["cell", "solver"]].to_numpy().tolist() == [["small", "search"], ["large", "random"]]
