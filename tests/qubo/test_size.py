"""What cannot fit is refused before anything is compiled."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import psutil
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

    sentence = r"about 1\.3e\+13 couplings, which take 2,295,000 GB, but .* GB of memory are free"
    with pytest.raises(InputError, match=sentence):
        bb.compile(problem)

    assert time.perf_counter() - start < 1


def test_the_first_sample_of_many_outputs_takes_room_for_each_of_them(monkeypatch) -> None:
    """784-10 takes 2.8 GB, of which its QUBO has a tenth."""
    problem = bb.load_problem("random_data[widths=[784,10],samples=1]")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2_500_000_000))

    with pytest.raises(InputError, match=r"about 3\.1e\+06 couplings, which take 3 GB, but 2\.5 GB of memory are free"):
        bb.compile(problem)


def test_samples_without_room_are_refused_once_one_of_them_is_compiled(monkeypatch) -> None:
    problem = bb.load_problem("random_data[widths=[31,3,1],samples=1000]")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000_000))

    with pytest.raises(InputError, match=r"about 5\.5e\+05 couplings, .*; take a narrower network or fewer samples\."):
        bb.compile(problem)


def test_a_network_of_many_inputs_compiles_in_time_linear_in_its_couplings() -> None:
    problem = bb.load_problem("random_data[widths=[300,10,1],samples=3]")
    start = time.process_time()

    instance = bb.compile(problem, "reduced")

    assert time.process_time() - start < 10  # 0.6 s; squares that PyQUBO expands take minutes
    weights = np.random.default_rng(0).choice([-1, 1], (2, problem.network.num_weights))
    bits = instance.complete(weights)
    assert instance.qubo.energies(bits).tolist() == problem.training_loss(weights).tolist()
