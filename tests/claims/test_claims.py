"""A sentence about solvers stands only while the rows that it speaks of bear it out."""

from __future__ import annotations

import pandas as pd
import pytest
from run_rows import FAILED, row

from bnnbench.claims import evaluate, misquoted, read_claims
from bnnbench.errors import BnnbenchError, InputError
from bnnbench.store.parquet import PUBLISHED, to_parquet

CLAIM = """
[[claim]]
name = "fast-halves-the-gap"
sentence = "On {problems} problems, fast leaves {effect} of the errors of slow."
refuted = "the interval reached above 0.6"
results = "mine"
cost = "mean_loss_gap"
first = { solver = "fast" }
second = { solver = "slow" }
effect = "ratio"
at_most = 0.6
"""


def publish(tmp_path, *, fast=2.0, problems=8, fast_changes=None):
    rows = [
        row(
            key=f"{solver}{number}",
            machine="m",
            problem=f"p{number}",
            problem_hash=f"{number:064}",
            solver=solver,
            **({"mean_loss": loss} | (changes or {})),
        )
        for number in range(problems)
        for solver, loss, changes in (("fast", fast, fast_changes), ("slow", 4.0, None))
    ]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / PUBLISHED).write_bytes(to_parquet(pd.DataFrame(rows), {}))


def verdict(tmp_path, text=CLAIM):
    (tmp_path / "claims.toml").write_text(text)
    return evaluate(*read_claims(tmp_path / "claims.toml"), tmp_path)


def test_a_claim_that_the_rows_bear_out_holds_with_its_numbers(tmp_path):
    publish(tmp_path)
    found = verdict(tmp_path)
    assert found.holds
    assert (found.effect, found.low, found.high, found.num_problems) == (0.5, 0.5, 0.5, 8)
    assert found.sentence == "On 8 problems, fast leaves 0.5 [0.5, 0.5] of the errors of slow."


@pytest.mark.parametrize(
    "rows", [{"fast": 3.0}, {"problems": 5}, {"fast_changes": {**FAILED, "status": "crash"}}], ids=str
)
def test_a_claim_fails_on_another_effect_too_few_problems_or_failed_runs(tmp_path, rows):
    publish(tmp_path, **rows)
    assert not verdict(tmp_path).holds


def test_a_claim_about_all_problems_fails_on_one(tmp_path):
    publish(tmp_path, problems=3)
    text = CLAIM.replace("at_most = 0.6", 'over = "all"\nat_most = 0.6')
    assert verdict(tmp_path, text).holds
    assert not verdict(tmp_path, text.replace("0.6", "0.4")).holds


def test_a_problem_that_both_solve_speaks_for_neither(tmp_path):
    publish(tmp_path)
    text = CLAIM.replace('"slow"', '"fast"').replace("at_most = 0.6", "at_least = 1\nat_most = 1")
    assert verdict(tmp_path, text).holds


def test_a_star_stands_for_any_characters_and_brackets_for_themselves(tmp_path):
    publish(tmp_path)
    assert verdict(tmp_path, CLAIM.replace('"fast"', '"f*"')).effect == 0.5
    with pytest.raises(InputError, match=r"no run of mine has solver = '\[fs\]\*'"):
        verdict(tmp_path, CLAIM.replace('"fast"', '"[fs]*"'))


def test_the_headline_cost_is_the_expected_running_time(tmp_path):
    publish(tmp_path, fast_changes={"time_to_target_s": 0.25, "budget_seconds": None})
    text = CLAIM.replace('"mean_loss_gap"', '"ert_s"').replace('second = { solver = "slow" }\neffect = "ratio"\n', "")
    found = verdict(tmp_path, text)
    assert (found.effect, found.holds) == (0.25, True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_most = 0.6", "", "nothing can refute it"),
        ('second = { solver = "slow" }', "", "needs the rows"),
        ('refuted = "the interval reached above 0.6"', "", "'claim.1.refuted' is missing"),
        ('"slow"', '"none"', "no run of mine has solver = 'none'"),
        ("{ solver = ", "{ sloth = ", "no column 'sloth'"),
        ("at_most = 0.6", "at_most = true", "should be a valid number"),
        ('"fast-halves-the-gap"', "fast", "is not TOML"),
        ('results = "mine"', 'results = "yours"', "yours"),
        ('"mean_loss_gap"', '"beauty"', "no column 'beauty'"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_refused_with_a_sentence(tmp_path, old, new, says):
    publish(tmp_path)
    with pytest.raises(BnnbenchError, match=says):
        verdict(tmp_path, CLAIM.replace(old, new, 1))


def test_two_claims_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="stands more than once"):
        verdict(tmp_path, CLAIM + CLAIM)


def test_a_text_that_has_other_numbers_misquotes(tmp_path):
    publish(tmp_path)
    found = verdict(tmp_path)
    text = "So: **On 8 problems, fast\nleaves 0.5 [0.5, 0.5]** of the errors of slow."
    assert misquoted([found], text) == []
    assert misquoted([found], text.replace("0.5,", "0.4,")) == [found]
