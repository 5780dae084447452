"""Names in legends: short, and still different."""

from __future__ import annotations

from bnnbench.charts.names import shortened

SWEEP = [
    "simulated_annealing[num_sweeps=1000,beta_schedule_type=linear]",
    "simulated_annealing[num_sweeps=1000,beta_schedule_type=geometric]",
    "simulated_annealing[num_sweeps=1000,beta_range=[0.02,10.0],beta_schedule_type=geometric]",
]


def test_a_long_name_loses_what_it_shares_with_all_of_its_kind():
    assert shortened([*SWEEP[:2], "tabu"], 50) == {
        SWEEP[0]: "simulated_annealing[beta_schedule_type=linear]",
        SWEEP[1]: "simulated_annealing[beta_schedule_type=geometric]",
        "tabu": "tabu",
    }


def test_different_names_never_look_alike():
    texts = shortened([*SWEEP, "a" * 40 + "x" + "b" * 40, "a" * 40 + "y" + "b" * 40], 30)
    assert len(set(texts.values())) == 5


def test_a_name_that_is_no_specification_loses_its_middle():
    assert shortened(["x" * 20 + "]" + "y" * 20], 11) == {"x" * 20 + "]" + "y" * 20: "xxxxx…yyyyy"}
