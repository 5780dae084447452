"""The checks of formulations find what is wrong, and pass what is right."""

from __future__ import annotations

import pytest
from broken_formulations import BROKEN, Table, Wells

from bnnbench.plugins.formulation_checks import FORMULATION_CHECKS, run_formulation_check
from bnnbench.plugins.registry import formulation

RIGHT = [
    "compact", "compact[counter=unary]", "compact[counter=paired,penalty=4]", "reduced", "reduced[counter=none]",
    "sasdelli", "sasdelli[penalty=1]", "soft", "wells", "wells[merge=false]", "wells[margin=1,reach=0]",
]  # fmt: skip


@pytest.mark.parametrize("setting", [*RIGHT, Wells(), Table()], ids=str)
def test_a_right_formulation_passes_every_check(setting):
    results = [run_formulation_check(name, formulation(setting)) for name in FORMULATION_CHECKS]

    assert [result for result in results if result.verdict == "failed"] == []
    assert sum(result.verdict == "passed" for result in results) >= 5


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_formulation_is_found(broken):
    for name in broken.fails:
        result = run_formulation_check(name, broken())

        assert result.verdict == "failed", name
        assert result.sentence.endswith(".")


def test_every_check_finds_something():
    assert {name for broken in BROKEN for name in broken.fails} == set(FORMULATION_CHECKS)
