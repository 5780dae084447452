"""A claim about growth stands while the exponent of its runs, with its interval, lies within its bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from run_rows import row

from bnnbench.claims import evaluate, read_claims
from bnnbench.errors import InputError
from bnnbench.store.parquet import PUBLISHED, to_parquet

CLAIM = """
[[claim]]
name = "slow-doubles-every-five-weights"
sentence = "The expected time of slow doubles {effect} times per weight, over {problems} problems."
refuted = "the interval reached below 0.15 or above 0.25"
results = "mine"
first = { solver = "slow" }
effect = "exponent"
at_least = 0.15
at_most = 0.25
"""
EXPONENTS = {"slow": 0.2, "fast": 0.1}


def publish(tmp_path, sizes=(11, 21, 31, 41, 51)):
    generator = np.random.default_rng(4)
    rows = []
    for size in sizes:
        for number in range(8):
            name, hardness = f"{size}-{number}", generator.normal(scale=0.3)
            for solver, exponent in EXPONENTS.items():
                time = 2.0 ** (exponent * size - 8 + hardness)
                rows.append(row(key=f"{name}{solver}", machine="m", problem=name, problem_hash=name, solver=solver,
                                time_to_target_s=time, sample_s=time, budget_seconds=None,
                                num_weights=size))  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / PUBLISHED).write_bytes(to_parquet(pd.DataFrame(rows), {}))


def verdict(tmp_path, text=CLAIM):
    (tmp_path / "claims.toml").write_text(text)
    return evaluate(*read_claims(tmp_path / "claims.toml"), tmp_path)


def test_an_exponent_within_its_bounds_holds_and_another_one_does_not(tmp_path):
    publish(tmp_path)

    found = verdict(tmp_path)
    other = verdict(tmp_path, CLAIM.replace('"slow" }', '"fast" }'))

    assert found.holds
    assert found.effect == pytest.approx(0.2, abs=0.02)
    assert found.num_problems == 40
    assert not other.holds
    assert other.effect == pytest.approx(0.1, abs=0.02)


def test_with_a_second_solver_it_is_the_difference_of_both(tmp_path):
    publish(tmp_path)
    both = CLAIM.replace("0.15", "0.08").replace("0.25", "0.12") + 'second = { solver = "fast" }\n'

    found = verdict(tmp_path, both)

    assert found.holds
    assert found.effect == pytest.approx(0.1, abs=1e-3)  # the hardness of problems is shared


def test_without_a_line_nothing_is_claimed(tmp_path):
    publish(tmp_path, sizes=(11, 21))
    assert not verdict(tmp_path).holds


def test_an_exponent_of_what_is_no_running_time_is_refused(tmp_path):
    publish(tmp_path)
    with pytest.raises(InputError, match="an exponent is one of an expected running time"):
        verdict(tmp_path, CLAIM.replace("first =", 'cost = "loss_gap"\nfirst ='))
