"""The search finds what a plain loop over all weight settings finds: loss, count, and every optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import SAMPLES, SHAPES, assert_equals_enumeration, data_of_every_kind
from strategies import LOSSES, networks, problems, random_problem

from bnnbench.optimum.search import bits
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem


@settings(max_examples=100)
@given(problems(networks(max_weights=12), samples=st.sampled_from(SAMPLES)))
def test_search_equals_enumeration(problem: Problem) -> None:
    assert_equals_enumeration(problem)


@pytest.mark.parametrize("kind", SHAPES)
def test_search_equals_enumeration_on_every_kind_of_network_and_data(kind: str) -> None:
    @settings(max_examples=60)
    @given(data_of_every_kind(SHAPES[kind]))
    def check(problem: Problem) -> None:
        assert_equals_enumeration(problem)

    check()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("widths", "bias"),
    [
        ((4, 2), False), ((3, 3), True), ((3, 3, 1), False), ((2, 2, 2), True), ((4, 2, 3), False), ((1, 3, 1), True),
        ((2, 2, 2, 1), False), ((3, 2, 2, 1), False), ((1, 2, 2, 2), False), ((1, 1, 1, 1), True),
    ],
)  # fmt: skip
def test_search_equals_enumeration_on_named_shapes(widths: tuple[int, ...], bias: bool, loss: str) -> None:
    for samples in (5, 64):
        assert_equals_enumeration(random_problem(widths, samples, bias=bias, loss=loss, seed=samples))


@given(networks(max_weights=10), st.sampled_from(LOSSES), st.sampled_from(SAMPLES))
def test_search_equals_enumeration_if_all_samples_are_equal(network: Network, loss: Any, samples: int) -> None:
    inputs = np.ones((samples, network.num_inputs))

    assert_equals_enumeration(Problem(network, inputs, -np.ones((samples, network.num_outputs)), loss))


@given(networks(max_weights=10), st.sampled_from(LOSSES))
def test_search_equals_enumeration_if_labels_contradict(network: Network, loss: Any) -> None:
    inputs, targets = np.ones((4, network.num_inputs)), np.ones((4, network.num_outputs))
    targets[::2] = -1

    assert_equals_enumeration(Problem(network, inputs, targets, loss))


def test_what_differs_from_enumeration_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = bits.pack
    monkeypatch.setattr(bits, "pack", lambda spins: right(-spins))
    problem = Problem(Network((2, 1)), [[1, -1], [1, 1]], [[1], [1]])
    with pytest.raises(AssertionError):
        assert_equals_enumeration(problem)


@given(st.integers(1, 130), st.integers(0, 1000))
def test_packing_puts_a_sample_in_each_bit_and_pads_with_zero(samples: int, seed: int) -> None:
    spins = np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), (3, samples))

    words = bits.pack(spins)

    assert words.shape == (3, -(-samples // 64))
    for row, spin_row in zip(words.tolist(), spins, strict=True):
        number = sum(word << 64 * place for place, word in enumerate(row))
        assert [number >> n & 1 for n in range(samples)] == (spin_row > 0).astype(int).tolist()
        assert number >> samples == 0


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=130))
def test_planes_hold_a_bit_of_each_weight(weights: list[int]) -> None:
    planes = bits.planes(np.array([weights]))[0]

    found = [
        sum((int(plane[n // 64]) >> n % 64 & 1) << bit for bit, plane in enumerate(planes)) for n in range(len(weights))
    ]

    assert found == weights
