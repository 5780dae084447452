"""The verb compare says what its numbers count from."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_stores import ended, fill
from stored_cells import make_cell

from bnnbench.cli.compare import references
from bnnbench.optimum.truth import Truth
from bnnbench.store.store import open_store


def folder_with_best_known(path, loss):
    fill(path, {("compact", "random"): [ended(1)]}, has_truth=False)
    with open_store(path) as store:
        problem = make_cell(0).problem
        weights = np.ones((1, problem.network.num_weights), dtype=np.int8)
        store.add_truth(Truth(problem.hash, loss, "best_known", "runs", weights, lower_bound=0.0))
    return path


def test_a_best_known_loss_is_told_and_two_that_differ_are_not_compared(tmp_path, bnnbench_):
    one, same, other = (folder_with_best_known(tmp_path / f"r{n}", loss) for n, loss in enumerate((1.0, 1.0, 2.0)))

    assert "1 of the problems counts from a best known loss" in " ".join(bnnbench_("compare", one, same)[1].split())
    code, _, said = bnnbench_("compare", one, other)
    assert code == 2
    assert "different best known losses on every problem" in said
    assert "best known" not in bnnbench_("compare", one, other, "--by", "sample_s")[1]


def test_problems_that_are_left_out_are_named():
    first = pd.DataFrame({"problem": ["p", "q"], "problem_hash": ["p", "q"], "optimum": [1.0, 3.0]})
    first["truth_kind"] = ["attained", "best_known"]
    (line,) = references({"one": first, "two": first.assign(optimum=[1.0, 2.0])})
    assert line.startswith("Left out, as their best known losses differ: q (3 in one, 2 in two). bnnbench merge")
