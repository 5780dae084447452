"""Anytime curves, against hand calculation."""

from __future__ import annotations

import pandas as pd

from bnnbench.metrics import best_so_far


def batch(run, number, time_s, loss, num_reads=5):
    return {
        "run": run, "number": number, "time_s": time_s, "num_reads": num_reads, "energy": 2 * loss, "loss": loss,
    }  # fmt: skip


TRACE = pd.DataFrame([
    batch("x", 0, 1.0, 4.0), batch("x", 1, 2.0, 6.0), batch("x", 2, 3.0, 2.0), batch("y", 0, 1.5, 3.0),
])  # fmt: skip


def test_the_best_never_gets_worse():
    curves = best_so_far(TRACE.sample(frac=1, random_state=0))
    assert curves.to_numpy().tolist() == [["x", 1, 5, 4], ["x", 2, 10, 4], ["x", 3, 15, 2], ["y", 1.5, 5, 3]]
    assert best_so_far(TRACE, "energy")["energy"].tolist() == [8, 8, 4, 6]
