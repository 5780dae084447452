"""The network: shapes, the forward pass, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import networks, random_weights

from bnnbench.errors import InputError
from bnnbench.problem.network import Network


def naive_forward(network: Network, weights: list[int], inputs: list[int]) -> list[int]:
    """The definition, in plain Python, one weight at a time."""
    remaining = iter(weights)
    activations = inputs
    for layer in range(1, network.num_layers + 1):
        below = activations + [1] * network.bias
        sums = [sum(next(remaining) * a for a in below) for _ in range(network.widths[layer])]
        activations = [1 if z >= 0 else -1 for z in sums]
    return activations


@given(networks(), st.integers(0, 1000))
def test_forward_follows_the_definition(network: Network, seed: int) -> None:
    weights = random_weights(3, network, seed=seed)
    inputs = np.random.default_rng(seed).choice([-1, 1], (4, network.num_inputs))

    outputs = network.forward(weights, inputs)

    assert outputs.shape == (3, 4, network.num_outputs)
    assert outputs.dtype == np.int8
    assert outputs.tolist() == [[naive_forward(network, w, x) for x in inputs.tolist()] for w in weights.tolist()]


def test_the_sign_of_zero_is_plus_one() -> None:
    network = Network((2, 1))

    assert network.forward([1, 1], [[1, -1], [-1, -1]]).tolist() == [[1], [-1]]


def test_a_bias_is_the_last_weight_of_its_neuron() -> None:
    network = Network((2, 2), bias=True)

    assert network.num_weights == 6
    assert network.forward([-1, -1, 1, 1, 1, -1], [[1, -1]]).tolist() == [[1, -1]]


def test_shapes_are_counted_layer_by_layer() -> None:
    network = Network([4, 3, 2], bias=True)

    assert str(network) == "4-3-2+bias"
    assert network.widths == (4, 3, 2)
    assert [network.fan_in(layer) for layer in (1, 2)] == [5, 4]
    assert [network.offset(layer) for layer in (1, 2)] == [0, 15]
    assert network.num_weights == 23


def test_the_hash_depends_on_widths_and_bias_alone() -> None:
    assert Network((3, 1)).hash == Network([3, 1]).hash
    assert len({Network((3, 1)).hash, Network((3, 1), bias=True).hash, Network((1, 3)).hash}) == 3


@pytest.mark.parametrize(
    "widths", [(), (3,), (3, 0), (3, -1, 1), (2.5, 1), ("3", "1"), 5, None, (3, None), (float("nan"), 1), (3, True)]
)
def test_widths_that_describe_no_network_are_refused(widths: Any) -> None:
    with pytest.raises(InputError, match="widths must be"):
        Network(widths)


def test_infinite_widths_are_refused() -> None:
    with pytest.raises(InputError, match="widths must be"):
        Network((float("inf"), 1))


@pytest.mark.parametrize("weights", [[1, 1], [[1, 1, 1, 1]], 1, []])
def test_weights_of_a_wrong_shape_are_refused(weights: Any) -> None:
    with pytest.raises(InputError, match=r"network 3-1: weights must have shape \(…, 3\)"):
        Network((3, 1)).forward(weights, [[1, 1, 1]])


@pytest.mark.parametrize("value", [0, 2, 0.5, float("nan"), "1"])
def test_weights_of_a_wrong_value_are_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"weights must be −1 or \+1"):
        Network((3, 1)).forward([1, value, 1], [[1, 1, 1]])


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"weights must be −1 or \+1"):
        Network((3, 1)).forward([1, None, 1], [[1, 1, 1]])


def test_inputs_of_a_wrong_shape_or_value_are_refused() -> None:
    network = Network((3, 1))

    with pytest.raises(InputError, match=r"inputs must have shape \(N, 3\)"):
        network.forward([1, 1, 1], [1, 1, 1])
    with pytest.raises(InputError, match=r"inputs must be −1 or \+1, but sample 1 has 0"):
        network.forward([1, 1, 1], [[1, 1, 1], [1, 0, 1]])


@pytest.mark.parametrize("bias", ["no", 3, None])
def test_a_bias_that_is_no_truth_value_is_refused(bias: Any) -> None:
    with pytest.raises(InputError, match="bias must be True or False, but"):
        Network((2, 1), bias)


def test_rows_of_different_lengths_are_refused() -> None:
    network = Network((2, 1))

    with pytest.raises(InputError, match="weights must be an array, but rows of different lengths came"):
        network.check_weights([[1, 1], [1]])
    with pytest.raises(InputError, match="inputs must be an array, but rows of different lengths came"):
        network.check_inputs([[1, 1], [1]])
