"""Ground truth: exhaustive search against plain enumeration, caps, planted weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import LOSSES, all_weights, networks, problems, random_problem

from bnnbench.errors import InputError
from bnnbench.ground_truth import ground_truth
from bnnbench.ground_truth.exhaustive import num_evaluations, pack, search
from bnnbench.network import Network
from bnnbench.problem import Problem
from bnnbench.registry import load_problem

SAMPLES = [1, 3, 63, 64, 65, 200]


def assert_equals_enumeration(problem: Problem) -> None:
    """Loss, count and optima in lexicographic order are those of a plain loop over all settings."""
    weights = all_weights(problem.network)
    losses = problem.training_loss(weights)

    truth = search(problem, max_optima=len(weights))

    assert truth.kind == "exhaustive"
    assert truth.loss == losses.min()
    assert truth.num_optima == np.count_nonzero(losses == losses.min())
    assert np.array_equal(truth.optima, weights[losses == losses.min()])
    assert not truth.is_capped
    assert truth.is_certified
    assert truth.problem_hash == problem.hash


@settings(max_examples=100)
@given(problems(networks(max_weights=12), samples=st.sampled_from(SAMPLES)))
def test_search_equals_enumeration(problem: Problem) -> None:
    assert_equals_enumeration(problem)


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
    from bnnbench.ground_truth import exhaustive

    monkeypatch.setattr(exhaustive, "pack", lambda spins: pack(-spins))
    problem = Problem(Network((2, 1)), [[1, -1], [1, 1]], [[1], [1]])
    with pytest.raises(AssertionError):
        assert_equals_enumeration(problem)


@pytest.mark.parametrize("max_optima", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("widths", "bias"), [((3, 3, 1), False), ((2, 2, 1), True), ((4, 2), False), ((2, 2, 2, 1), False)]
)
def test_a_cap_limits_the_list_but_not_the_count(widths: tuple[int, ...], bias: bool, max_optima: int) -> None:
    problem = random_problem(widths, 2, bias=bias)
    weights = all_weights(problem.network)
    losses = problem.training_loss(weights)
    count = np.count_nonzero(losses == losses.min())

    truth = ground_truth(problem, max_optima=max_optima)

    assert truth.num_optima == count
    assert len(truth.optima) == min(count, max_optima)
    assert truth.is_capped == (count > max_optima)
    assert np.all(problem.training_loss(truth.optima) == truth.loss)
    assert len(np.unique(truth.optima, axis=0)) == len(truth.optima)
    assert truth.optima.tolist() == sorted(truth.optima.tolist())


def test_the_optimal_loss_does_not_depend_on_the_order_of_samples() -> None:
    problem = random_problem((5, 3, 1), 30)
    order = np.random.default_rng(1).permutation(30)

    one = ground_truth(problem)
    other = ground_truth(Problem(problem.network, problem.inputs[order], problem.targets[order]))

    assert (one.loss, one.num_optima) == (other.loss, other.num_optima)
    assert np.array_equal(one.optima, other.optima)


def test_parity_of_three_is_learned_by_three_hidden_neurons_with_no_error() -> None:
    problem = load_problem("parity", size=3, hidden=3)
    weights = all_weights(problem.network)

    assert ground_truth(problem).loss == problem.training_loss(weights).min()


def test_planted_weights_stand_in_where_search_is_too_large() -> None:
    problem = load_problem("teacher", widths=[15, 15, 1], samples=30)

    truth = ground_truth(problem)

    assert (truth.kind, truth.loss, truth.num_optima) == ("attained", 0, None)
    assert np.array_equal(truth.optima, problem.planted[None])
    assert truth.is_certified
    assert truth.is_capped


def test_planted_weights_with_errors_are_only_the_best_known() -> None:
    problem = load_problem("teacher", widths=[15, 15, 1], samples=30, noise=0.1)

    truth = ground_truth(problem)

    assert (truth.kind, truth.loss) == ("best_known", 3)
    assert not truth.is_certified


def test_search_is_preferred_to_planted_weights() -> None:
    assert ground_truth(load_problem("teacher", widths=[3, 3, 1], samples=8, noise=0.25)).kind == "exhaustive"


def test_a_problem_that_is_too_large_is_refused_with_a_sentence() -> None:
    problem = random_problem((15, 15, 1), 30, name="large")

    with pytest.raises(InputError, match=r"large: the network 15-15-1 has 240 weights; .* use a smaller network, or"):
        ground_truth(problem)


def test_every_network_of_up_to_24_weights_is_searched() -> None:
    from bnnbench.ground_truth.find import EVALUATION_LIMIT

    for widths, bias in [((23, 1), True), ((24, 1), False), ((11, 2, 1), False), ((1,) * 25, False), ((2,) * 7, False),
                         ((4, 4, 2), False), ((1, 12, 1), False), ((5, 3, 1), True)]:  # fmt: skip
        assert Network(widths, bias).num_weights <= 24
        assert num_evaluations(Network(widths, bias)) <= EVALUATION_LIMIT


@given(st.integers(1, 130), st.integers(0, 1000))
def test_packing_puts_a_sample_in_each_bit_and_pads_with_zero(samples: int, seed: int) -> None:
    spins = np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), (3, samples))

    words = pack(spins)

    assert words.shape == (3, -(-samples // 64))
    for row, spin_row in zip(words.tolist(), spins, strict=True):
        number = sum(word << 64 * place for place, word in enumerate(row))
        assert [number >> n & 1 for n in range(samples)] == (spin_row > 0).astype(int).tolist()
        assert number >> samples == 0
