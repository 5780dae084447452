"""Rungs follow from the runs of a pilot by a rule."""

from __future__ import annotations

import pandas as pd
import pytest

from bnnbench.errors import InputError
from bnnbench.metrics.rungs import PILOT, pilot_guide, pilot_table, read_rungs, rungs_of


def pilot(*rows):
    """A table of a pilot on one cell from (solver, is_floor, solved of 20 runs, seconds, reads)."""
    return pd.DataFrame(
        [("c", solver, floor, 20, 20, solved, seconds, reads) for solver, floor, solved, seconds, reads in rows],
        columns=list(PILOT),
    )


@pytest.mark.parametrize(
    ("guessed", "solved", "seconds", "rung"),
    [
        (10, 20, 1.0, "trivial"),
        (9, 20, 1.0, "easy"),
        (0, 20, 2.0, "easy"),
        (0, 20, 2.1, "hard"),
        (0, 1, 60.0, "hard"),
        (0, 0, 60.0, "open"),
    ],
)
def test_the_rung_follows_from_guesses_and_from_successes_per_second(guessed, solved, seconds, rung):
    table = pilot(("random", 1, guessed, 1.0, 20_000), ("search", 0, solved, seconds, 100))

    assert rungs_of(table) == {"c": rung}


def test_more_than_a_thousand_guesses_make_nothing_trivial():
    assert rungs_of(pilot(("random", 1, 20, 1.0, 20_001))) == {"c": "easy"}


def runs(**changes):
    """Four runs of a pilot: two of a floor that solved one, two of a solver that solved both."""
    frame = pd.DataFrame(
        {
            "key": list("abcd"),
            "cell": "c",
            "solver": ["random", "random", "search", "search"],
            "is_floor": [1, 1, 0, 0],
            "problem_hash": ["p", "q", "p", "q"],
            "status": "ok",
            "loss_gap": [0.0, 1.0, 0.0, 0.0],
            "cpu_s": [0.5, 0.5, 1.0, 2.0],
            "sample_s": [9.0, 9.0, 9.0, 9.0],
            "num_reads": [1000, 1000, 3, 4],
        }
    )
    return frame.assign(**changes)


def test_the_table_counts_solved_runs_and_adds_processor_time():
    table = pilot_table(runs())

    assert table[["solver", "instances", "runs", "solved", "seconds"]].to_numpy().tolist() == [
        ["random", 2, 2, 1, 1.0],
        ["search", 2, 2, 2, 3.0],
    ]


def test_a_run_that_failed_is_unsolved_and_one_that_was_refused_does_not_count():
    table = pilot_table(runs(status=["ok", "ok", "refused", "crash"]))

    assert table[["runs", "solved"]].to_numpy().tolist() == [[2, 1], [1, 0]]


def test_the_guide_has_a_line_per_cell_with_its_rung():
    assert pilot_guide(pilot_table(runs())).splitlines()[2] == "| c | trivial | 1 of 2, 1/s | 2 of 2, 0.67/s |"


def test_a_file_that_is_no_table_of_a_pilot_gets_a_sentence(tmp_path):
    (tmp_path / "mine_pilot.csv").write_text("a,b\n1,2\n")

    with pytest.raises(InputError, match="no table of a pilot"):
        read_rungs(tmp_path / "mine.toml")
    assert read_rungs(tmp_path / "other.toml") == {}
