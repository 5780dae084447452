"""The training problem: losses, content hash, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from strategies import LOSSES, problems, random_problem, random_weights

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

XOR = ([[-1, -1], [-1, 1], [1, -1], [1, 1]], [[1], [-1], [-1], [1]])


@given(problems())
def test_the_loss_follows_its_formula(problem: Problem) -> None:
    network = problem.network
    weights = random_weights(4, network)
    fan_in = network.fan_in(network.num_layers)

    losses = problem.training_loss(weights)

    for w, loss in zip(weights, losses, strict=True):
        z = network.layers(w, problem.inputs)[-1].astype(int)
        errors = int(np.sum(network.forward(w, problem.inputs) != problem.targets))
        margin = int(np.sum((fan_in - problem.targets * z) // 2))
        epsilon = 2.0 ** -(problem.num_samples * network.num_outputs * fan_in).bit_length()
        assert (
            loss == {"zero_one": errors, "margin": margin, "zero_one_margin": errors + epsilon * margin}[problem.loss]
        )


@given(problems())
def test_zero_one_margin_counts_errors_first(problem: Problem) -> None:
    lexicographic = Problem(problem.network, problem.inputs, problem.targets, "zero_one_margin")
    errors_only = Problem(problem.network, problem.inputs, problem.targets, "zero_one")
    weights = random_weights(8, problem.network)

    assert np.array_equal(np.floor(lexicographic.training_loss(weights)), errors_only.training_loss(weights))


@given(problems())
def test_accuracy_is_one_minus_the_error_rate(problem: Problem) -> None:
    errors = Problem(problem.network, problem.inputs, problem.targets)
    weights = random_weights(4, problem.network)

    assert np.allclose(problem.accuracy(weights), 1 - errors.training_loss(weights) / problem.targets.size)


def test_targets_of_one_output_may_be_a_vector() -> None:
    inputs, targets = XOR
    flat = Problem(Network((2, 2, 1)), inputs, [-1, 1, 1, -1], test_inputs=[[1, 1]], test_targets=[-1])

    assert flat.targets.tolist() == [[-1], [1], [1], [-1]]
    assert Problem(Network((2, 2, 1)), inputs, np.ravel(targets)) == Problem(Network((2, 2, 1)), inputs, targets)
    assert flat.test_targets is not None
    assert flat.test_targets.shape == (1, 1)
    with pytest.raises(InputError, match=r"targets must have shape \(N, 2\) with N ≥ 1, but shape \(4,\) came"):
        Problem(Network((2, 2, 2)), inputs, [-1, 1, 1, -1])


def test_held_out_data_gives_a_test_accuracy() -> None:
    problem = Problem(Network((1, 1)), [[1]], [[1]], test_inputs=[[1], [-1]], test_targets=[[1], [1]])

    assert problem.test_accuracy([1]) == 0.5
    assert Problem(Network((1, 1)), [[1]], [[1]]).test_accuracy([1]) is None


def test_the_best_constant_is_chosen_on_the_training_rows_and_judged_on_the_others() -> None:
    held_out = {"test_inputs": [[1], [1], [1], [-1]], "test_targets": [[1], [1], [1], [-1]]}

    rarely = Problem(Network((1, 1)), [[1], [-1], [-1]], [[1], [-1], [-1]], **held_out)
    evenly = Problem(Network((1, 1)), [[1], [-1]], [[1], [-1]], **held_out)

    assert rarely.majority_test_accuracy == 0.25
    assert evenly.majority_test_accuracy == 0.75
    assert Problem(Network((1, 1)), [[1]], [[1]]).majority_test_accuracy is None


def test_the_same_content_has_the_same_hash_whatever_its_name_and_dtype() -> None:
    problem = Problem(Network((2, 1)), *XOR, name="xor")
    again = Problem(Network((2, 1)), np.array(XOR[0], dtype=float), np.array(XOR[1], dtype=np.int64), name="other")

    assert problem == again
    assert hash(problem) == hash(again)
    assert problem.hash == again.hash


def test_planted_weights_are_no_part_of_the_content() -> None:
    assert Problem(Network((2, 1)), *XOR).hash == Problem(Network((2, 1)), *XOR, planted=[1, 1]).hash


def test_a_changed_datum_has_another_hash() -> None:
    inputs, targets = (np.array(values) for values in XOR)
    flipped_input, flipped_target = inputs.copy(), targets.copy()
    flipped_input[2, 0] *= -1
    flipped_target[3, 0] *= -1
    network = Network((2, 1))
    variants = [
        Problem(network, inputs, targets),
        Problem(network, flipped_input, targets),
        Problem(network, inputs, flipped_target),
        Problem(network, inputs[::-1], targets),
        Problem(network, inputs, targets, "margin"),
        Problem(Network((2, 1), bias=True), inputs, targets),
        Problem(network, inputs, targets, test_inputs=inputs, test_targets=targets),
    ]

    assert len({problem.hash for problem in variants}) == len(variants)


def test_data_cannot_be_changed_from_outside() -> None:
    inputs = np.array([[1, 1]], dtype=np.int8)
    problem = Problem(Network((2, 1)), inputs, [[1]])

    inputs[0, 0] = -1

    assert problem.inputs.tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="read-only"):
        problem.inputs[0, 0] = -1


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([[1, 0]], [[1]], r"p: inputs must be −1 or \+1, but sample 0 has 0"),
        ([[1, 1]], [[0.5]], r"p: targets must be −1 or \+1, but sample 0 has 0.5"),
        ([[1, 1, 1]], [[1]], r"p: inputs must have shape \(N, 2\)"),
        ([[1, 1]], [[[1]]], r"p: targets must have shape \(N, 1\)"),
        (np.ones((0, 2)), np.ones((0, 1)), "N ≥ 1"),
        ([[1, 1], [1, 1]], [[1]], "inputs has 2 samples, but targets has 1"),
    ],
)
def test_data_of_a_wrong_shape_or_value_are_refused(inputs: Any, targets: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Problem(Network((2, 1)), inputs, targets, name="p")


def test_half_of_the_held_out_data_is_refused() -> None:
    with pytest.raises(InputError, match="test_inputs and test_targets together"):
        Problem(Network((2, 1)), *XOR, test_inputs=XOR[0])


@pytest.mark.parametrize("planted", [[1], [1, 0], [[1, 1]]])
def test_planted_weights_of_a_wrong_shape_or_value_are_refused(planted: Any) -> None:
    with pytest.raises(InputError, match="weights"):
        Problem(Network((2, 1)), *XOR, planted=planted)


def test_an_unknown_loss_is_refused_and_near_names_are_offered() -> None:
    with pytest.raises(UnknownNameError, match="no loss named 'zero_ones'; did you mean zero_one or"):
        Problem(Network((2, 1)), *XOR, "zero_ones")  # type: ignore[arg-type]
    assert {random_problem((2, 1), 1, loss=loss).loss for loss in LOSSES} == set(LOSSES)


NETWORK = Network((2, 1))


@pytest.mark.parametrize(
    "inputs",
    [
        pd.DataFrame([[1, -1], [1, 1]], dtype="Int64"),
        pd.DataFrame([[1, -1], [1, 1]]).convert_dtypes(),
        pd.DataFrame([[1, -1], [1, 1]], dtype="int64[pyarrow]"),
        np.array([[1, -1], [1, 1]], dtype=object),
        [[Decimal(1), Fraction(-1)], [np.int8(1), 1.0]],
        np.ma.masked_array([[1, -1], [1, 1]]),
    ],
)
def test_numbers_are_taken_whatever_holds_them(inputs: Any) -> None:
    problem = Problem(NETWORK, inputs, pd.Series([1, -1], dtype="Int64"))
    assert problem.inputs.tolist() == [[1, -1], [1, 1]]
    assert problem.targets.tolist() == [[1], [-1]]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (pd.DataFrame([[1, -1], [1, pd.NA]], dtype="Int64"), "sample 1 has <NA>"),
        (np.array([[1, -1], [1, None]]), "sample 1 has None"),
        (np.array([[1, -1], ["a", 1]], dtype=object), "sample 1 has 'a'"),
        ([["1", "-1"], ["1", "1"]], "sample 0 has '1'"),
        ([[True, True], [True, True]], "sample 0 has True"),
        (pd.DataFrame([[True, True], [True, False]], dtype="boolean"), "sample 0 has True"),
        ([[1, 10**30], [1, 1]], "sample 0 has 1000000000000000000000000000000"),
        ([[1, 1j], [1, 1]], "sample 0 has"),
        (np.ma.masked_array([[1, -1], [1, 1]], mask=[[0, 0], [1, 0]]), r"entry \(1, 0\) is masked"),
        ([np.ma.masked_array([1, 1], mask=[0, 1]), [1, 1]], r"entry \(0, 1\) is masked"),
    ],
)
def test_what_is_no_number_is_refused_for_what_it_is(inputs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Problem(NETWORK, inputs, [1, -1])
