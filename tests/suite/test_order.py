"""Runs come in random order within blocks."""

from __future__ import annotations

from itertools import groupby

from bnnbench.suite.file import read_suite
from bnnbench.suite.order import in_blocks
from bnnbench.suite.planning import plan

SUITE = """
repetitions = 3
budget = { reads = 1 }
problems = [{ name = "random_data", widths = [[3, 1]], samples = 4, seed = [0, 1, 2, 3, 4, 5] }]
formulations = [{ name = "reduced" }]
solvers = [{ name = "random" }, { name = "tabu" }, { name = "steepest_descent" }]
"""


def cells_of(folder):
    (folder / "s.toml").write_text(SUITE)
    return list(plan(read_suite(folder / "s.toml"), folder).cells())


def test_a_block_is_a_repetition_and_has_its_instances_in_an_order_of_its_own(tmp_path):
    cells = cells_of(tmp_path)

    ordered = in_blocks(cells, 0)

    assert sorted(cell.key for cell in ordered) == sorted(cell.key for cell in cells)
    assert [cell.repetition for cell in ordered] == [0] * 18 + [1] * 18 + [2] * 18
    blocks = [[cell for cell in ordered if cell.repetition == block] for block in range(3)]
    instances = [[key for key, _ in groupby(block, lambda cell: cell.instance_hash)] for block in blocks]
    assert all(len(order) == 6 for order in instances)  # each once, with all its solvers
    assert len(set(map(tuple, instances))) == 3
    assert len({tuple(c.solver.label for c in ordered[k : k + 3]) for k in range(0, 54, 3)}) > 2


def test_the_order_depends_on_the_seed_and_on_no_cell_that_is_missing(tmp_path):
    cells = cells_of(tmp_path)
    ordered = in_blocks(cells, 0)

    assert in_blocks(cells[::-1], 0) == ordered
    assert in_blocks(cells, 1) != ordered
    assert in_blocks(cells[::2], 0) == [cell for cell in ordered if cell in set(cells[::2])]
