"""Wells: the energy by its formula, what an energy of 0 proves, what it does not, and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_bits, all_weights, random_problem

from bnnbench.errors import InputError
from bnnbench.formulations.wells import default_range
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.problem.merging import merged_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Soundness


def distance_energies(problem: Problem, weights: np.ndarray, margin: int, reach: int) -> np.ndarray:
    """Energy of one layer by its definition: the squared distance of y·z from its range, over 4."""
    yz = problem.targets * problem.network.layers(weights, problem.inputs)[0]
    distance = np.maximum(margin - yz, 0) + np.maximum(yz - margin - 2 * reach, 0)
    return (distance.astype(float) ** 2).sum(axis=(1, 2)) / 4


@settings(max_examples=40)
@given(
    st.sampled_from([((3, 1), False), ((5, 1), False), ((4, 1), False), ((3, 1), True), ((3, 2), False)]),
    st.integers(0, 2**16),
    st.integers(0, 2),
    st.booleans(),
)
def test_one_layer_costs_the_squared_distances_from_its_ranges(
    shape: tuple[tuple[int, ...], bool], seed: int, reach: int, merge: bool
) -> None:
    problem = random_problem(shape[0], 4, bias=shape[1], seed=seed)
    margin = problem.network.fan_in(1) % 2 or 2
    instance = compile_problem(problem, "wells", margin=margin, reach=reach, merge=merge)
    weights = all_weights(problem.network)

    energies = instance.qubo.energies(instance.complete(weights))

    expected = distance_energies(problem, weights, margin, reach)
    if not merge:
        assert np.array_equal(energies, expected)
    assert np.array_equal(energies == 0, (expected == 0) & (problem.training_loss(weights) == 0))


SHAPES = [((3, 1), 3), ((4, 1), 3), ((3, 2), 2), ((2, 1, 1), 2), ((1, 2, 1), 1), ((2, 2, 1), 1), ((1, 1, 1, 1), 2)]


@pytest.mark.parametrize(("widths", "samples"), SHAPES, ids=str)
def test_an_energy_of_0_proves_a_loss_of_0(widths: tuple[int, ...], samples: int) -> None:
    """By enumeration; with a margin of 0 at a fan-in of 2 it proves nothing."""
    for seed in range(4):
        problem = random_problem(widths, samples, seed=seed)
        instance = compile_problem(problem, "wells")
        assert instance.formulation.soundness(problem) is Soundness.ONE_SIDED
        bits = all_bits(instance.qubo.num_variables)
        energies = instance.qubo.energies(bits)

        assert energies.min() >= -1e-9
        assert not problem.training_loss(instance.decode(bits[energies < 1e-9])).any()


def test_without_a_margin_an_energy_of_0_proves_nothing() -> None:
    problem = Problem(Network((2, 1)), [[1, 1]], [[-1]])
    instance = compile_problem(problem, "wells", margin=0, reach=0)
    bits = all_bits(instance.qubo.num_variables)

    losses = problem.training_loss(instance.decode(bits[instance.qubo.energies(bits) == 0]))

    assert losses.tolist() == [1, 1]
    assert instance.formulation.soundness(problem) is Soundness.UNSOUND


def test_the_least_energy_is_not_the_least_loss_where_the_loss_is_not_0() -> None:
    """One far error costs more than two near ones, so that the ground state makes more errors than it must."""
    found = 0
    for seed in range(40):
        problem = random_problem((5, 1), 9, seed=seed)
        instance = compile_problem(problem, "wells", margin=1, reach=2)
        weights = all_weights(problem.network)
        energies, losses = instance.qubo.energies(instance.complete(weights)), problem.training_loss(weights)
        found += bool(losses[energies == energies.min()].min() > losses.min())

    assert found > 0


def test_where_a_loss_of_0_exists_the_widest_well_has_it_as_its_minimum() -> None:
    """With κ = 1 and κ + 2C = m every right sample costs nothing."""
    random = np.random.default_rng(0)
    for _ in range(20):
        inputs, teacher = random.choice([-1, 1], (6, 5)), random.choice([-1, 1], 5)
        problem = Problem(Network((5, 1)), inputs, np.sign(inputs @ teacher)[:, None])
        instance = compile_problem(problem, "wells", margin=1, reach=2)
        weights = all_weights(problem.network)

        energies = instance.qubo.energies(instance.complete(weights))

        assert np.array_equal(energies == 0, problem.training_loss(weights) == 0)
        assert (energies == 0).any()


def test_a_hidden_layer_of_compact_is_a_corner() -> None:
    """Wells with κ = 1 and κ + 2C = m have the ancillas of compact in the hidden layer."""
    problem = random_problem((7, 3, 1), 20)
    compact = compile_problem(problem, "reduced").qubo
    wells = compile_problem(problem, "wells", margin=1, reach=[3, 1]).qubo
    rows = len(merged_samples(problem))

    assert compact.num_variables - wells.num_variables == rows  # the activation of the output


@pytest.mark.parametrize(("widths", "bias"), [((21, 1), False), ((7, 3, 1), False), ((5, 2), True), ((4, 3, 2), False)])
def test_sizes_follow_the_formula(widths: tuple[int, ...], bias: bool) -> None:
    problem = random_problem(widths, 6, bias=bias)
    network, wells = problem.network, formulation("wells").wells(problem.network)  # type: ignore[attr-defined]
    rows, layers = len(merged_samples(problem)), range(1, network.num_layers + 1)
    fixed = {layer: widths[layer - 1] if layer > 1 and network.fan_in(layer - 1) % 2 else 0 for layer in layers}
    slack = sum(widths[layer] * len(wells[layer - 1].weights) for layer in layers)
    products = sum(widths[layer - 1] * widths[layer] - fixed[layer] for layer in layers if layer > 1)

    size = compile_problem(problem, "wells").qubo.num_variables

    assert size == network.num_weights - sum(fixed.values()) + rows * (slack + sum(widths[1:-1]) + products)


def test_the_rules_are_those_of_the_guide() -> None:
    rules = {m: default_range(m) for m in (1, 2, 3, 7, 21, 31, 61, 101)}

    assert rules == {
        1: (1, 0, 1), 2: (2, 0, 1), 3: (1, 1, 1), 7: (1, 3, 1), 21: (3, 7, 1), 31: (3, 6, 2), 61: (5, 6, 2),
        101: (7, 9, 3),
    }  # fmt: skip
    assert default_range(3, above_hidden=True) == (3, 0, 1)


def test_a_step_leaves_gaps_that_cost_a_little() -> None:
    """With slack weights 2 and 4 the range is written in steps of 4 of z; complete finds the nearest."""
    problem = Problem(Network((13, 1)), np.ones((1, 13)), [[1]])
    instance = compile_problem(problem, "wells", margin=1, reach=6, step=2)
    weights = np.array([[1] * (7 + k) + [-1] * (6 - k) for k in range(7)])
    slack = all_bits(2)

    energies = instance.qubo.energies(instance.complete(weights))

    assert energies.tolist() == [0, 1, 0, 1, 0, 1, 0]
    for row, energy in zip(weights, energies, strict=True):
        bits = np.hstack([np.repeat((row[None] > 0).astype(np.int8), 4, axis=0), slack])
        assert instance.qubo.energies(bits).min() == energy


@pytest.mark.parametrize(
    ("parameters", "part"),
    [({"margin": 2}, "margin 2"), ({"margin": 5}, "at most 3"), ({"reach": [1, 1]}, "2 values of reach")],
)
def test_what_no_neuron_can_have_is_refused(parameters: dict[str, Any], part: str) -> None:
    with pytest.raises(InputError, match=part):
        compile_problem(random_problem((3, 1), 2), "wells", **parameters)
