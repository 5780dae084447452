"""What cannot fit is refused before anything is compiled."""

from __future__ import annotations

import time

import pytest

import bnnbench as bb
from bnnbench.errors import InputError
from bnnbench.qubo.size import num_couplings


@pytest.mark.parametrize("formulation", ["compact", "reduced", "sasdelli", "soft"])
@pytest.mark.parametrize("family", ["random_data[widths=[7,3,1],samples=21]", "teacher[widths=[7,7,1],samples=9]"])
def test_the_estimate_is_no_larger_than_what_is_compiled(family, formulation) -> None:
    problem = bb.load_problem(family)

    assert 0 < num_couplings(problem) <= bb.compile(problem, formulation).qubo.num_couplings


def test_a_network_without_room_is_refused_at_once() -> None:
    problem = bb.load_problem("random_data[widths=[30000,30000,1],samples=1]")
    start = time.perf_counter()

    sentence = r"about 1\.3e\+13 couplings, which take 324,000 GB, but .* GB of memory are free"
    with pytest.raises(InputError, match=sentence):
        bb.compile(problem)

    assert time.perf_counter() - start < 1
