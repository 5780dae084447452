"""Wells: the energy by its formula, what an energy of 0 proves, what it does not, and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_bits, all_weights, random_problem

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.problem.merging import merged_samples
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Soundness
from bnnbench.qubo.well import Well, default_well


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


@pytest.mark.parametrize("widths", [(7, 1), (11, 1), (7, 7, 1), (5, 3, 1), (3, 3, 2)], ids=str)
@pytest.mark.parametrize("corner", ["soft", "reduced", "reduced[counter=paired]"])
def test_earlier_formulations_are_corners(widths: tuple[int, ...], corner: str) -> None:
    """With odd fan-in and a priced error: no range, the full range, and the full range between two values."""
    problem, fan_ins = random_problem(widths, 6), widths[:-1]
    hidden = [0.06] * (len(fan_ins) - 1)
    parameters: dict[str, Any] = {
        "soft": {"margin": [(m + 1) // 2 for m in fan_ins], "reach": 0, "penalty": [*hidden, 0.35]},
        "reduced": {"margin": 1, "reach": [(m - 1) // 2 for m in fan_ins], "penalty": 2},
        "reduced[counter=paired]": {"margin": 2, "reach": [(m - 3) // 2 for m in fan_ins], "step": 2, "penalty": 2},
    }[corner]

    corner_qubo = compile_problem(problem, corner, penalty=parameters["penalty"]).qubo
    wells = compile_problem(problem, "wells", error=1, **parameters).qubo
    other = compile_problem(problem, "wells", error=1, **(parameters | {"penalty": 3})).qubo

    for name in ("rows", "cols"):
        assert np.array_equal(getattr(wells, name), getattr(corner_qubo, name))
    for name in ("linear", "couplings", "offset"):
        assert getattr(wells, name) == pytest.approx(getattr(corner_qubo, name))
    assert other.offset != pytest.approx(corner_qubo.offset)


@pytest.mark.parametrize(("widths", "samples"), [((3, 1), 4), ((5, 1), 3), ((1, 3, 1), 1), ((3, 1, 1), 2)], ids=str)
@pytest.mark.parametrize("margin", [1, 2])
def test_exact_wells_with_a_priced_error_are_sound(widths: tuple[int, ...], samples: int, margin: int) -> None:
    """The range 1 … m, λ at its bound and an error of 1: on every problem the least energy is the least loss."""
    margins = [margin if m > 1 else 1 for m in widths[:-1]]
    reach = [(m - 1) // 2 if k == 1 else (m - 3) // 2 for m, k in zip(widths[:-1], margins, strict=True)]
    for seed in range(6):
        problem = random_problem(widths, samples, seed=seed)
        instance = compile_problem(
            problem, "wells", margin=margins, reach=reach, step=margins, penalty=1, error=1, merge=False
        )
        energies = instance.qubo.energies(all_bits(instance.qubo.num_variables))

        assert instance.is_sound
        assert energies.min() == problem.training_loss(all_weights(problem.network)).min()


@pytest.mark.parametrize("penalty", [1.1, 3.3, 1e5 / 3])
@pytest.mark.parametrize(("widths", "samples"), [((3, 1), 4), ((5, 1), 2000), ((1, 3, 1), 1)], ids=str)
def test_sound_wells_have_exact_energies_whatever_their_price(
    widths: tuple[int, ...], samples: int, penalty: float
) -> None:
    problem = random_problem(widths, samples)
    instance = compile_problem(
        problem, "wells", margin=1, reach=[m // 2 for m in widths[:-1]], penalty=penalty, error=1
    )
    weights = all_weights(problem.network)

    assert instance.is_sound
    assert instance.qubo.energies(instance.complete(weights)).tolist() == problem.training_loss(weights).tolist()


def test_wells_whose_price_drowns_single_errors_are_not_sound() -> None:
    problem = random_problem((63, 1), 10**6)
    spec = {"margin": 1, "reach": 31, "error": 1}

    assert formulation("wells", penalty=2.0, **spec).is_sound(problem)
    assert formulation("wells", penalty=9e5, **spec).soundness(problem) is Soundness.ONE_SIDED


@settings(max_examples=40)
@given(st.sampled_from([(3, 1), (4, 1), (5, 2), (3, 3, 1), (2, 3, 2), (1, 1, 1, 1)]), st.integers(0, 99), st.data())
def test_the_scale_of_wells_bounds_their_coefficients(widths: tuple[int, ...], seed: int, data: st.DataObject) -> None:
    problem = random_problem(widths, 3, seed=seed)
    parameters = {name: data.draw(st.integers(0, 3)) for name in ("margin", "reach")}
    parameters["margin"] = min(parameters["margin"], *widths[:-1])
    setting = formulation("wells", penalty=data.draw(st.sampled_from([0.3, 1.0, 50.0])), error=1, **parameters)
    qubo = compile_problem(problem, setting).qubo

    size = np.abs(qubo.linear).sum() + np.abs(qubo.couplings).sum() + abs(qubo.offset)

    assert size <= 2.0 ** (53 - setting._exact_bits(problem))


def test_below_its_bound_an_exact_well_is_not_sound() -> None:
    """Two samples that contradict each other cost 1; with λ = ½ the energy is less."""
    problem = Problem(Network((3, 1)), [[1, 1, 1], [1, 1, 1]], [[1], [-1]])
    for penalty, least in ((1, 1.0), (0.5, 0.5)):
        instance = compile_problem(problem, "wells", margin=1, reach=1, penalty=penalty, error=1, merge=False)
        energies = instance.qubo.energies(all_bits(instance.qubo.num_variables))

        assert energies.min() == least
        assert instance.is_sound == (penalty == 1)


@pytest.mark.parametrize(("widths", "samples"), [((5, 1), 4), ((3, 1, 1), 2), ((1, 3, 1), 1), ((3, 3, 1), 1)], ids=str)
def test_with_full_ranges_the_energy_is_0_exactly_where_the_loss_is_0(widths: tuple[int, ...], samples: int) -> None:
    """For any λ, so that wherever an optimum is 0, the ground states are the optima."""
    reach = [(m - 1) // 2 for m in widths[:-1]]
    for seed in range(5):
        problem = random_problem(widths, samples, seed=seed)
        instance = compile_problem(problem, "wells", margin=1, reach=reach, penalty=0.125)
        bits = all_bits(instance.qubo.num_variables)
        found = {tuple(row) for row in instance.decode(bits[instance.qubo.energies(bits) == 0]).tolist()}
        weights = all_weights(problem.network)
        right = weights[problem.training_loss(weights) == 0]

        assert found == {tuple(row) for row in instance.canonical(right).tolist()}


def test_a_planted_optimum_without_margin_has_no_energy_of_0() -> None:
    """The teacher has y·z = 1 on one sample, so that κ = 3 asks for more than it has; κ = 1 does not."""
    problem = Problem(Network((3, 1)), [[1, 1, -1], [1, -1, 1], [-1, 1, 1]], [[1], [1], [1]])
    for margin, reach, least in ((1, 1, 0.0), (3, 0, 3.0)):
        instance = compile_problem(problem, "wells", margin=margin, reach=reach)
        assert instance.qubo.energies(all_bits(instance.qubo.num_variables)).min() == least


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_a_margin_between_two_values_frees_both(reach: int) -> None:
    """The penalty is (d² − 1)/8 with the distance d from κ + 2Σ c_k b_k; complete finds the least."""
    problem = Problem(Network((9, 1)), np.ones((1, 9)), [[1]])
    instance = compile_problem(problem, "wells", margin=2, reach=reach)
    weights = np.array([[1] * k + [-1] * (9 - k) for k in range(10)])
    z = weights.sum(axis=1)
    centers = 2 + 2 * np.arange(reach + 1)

    energies = instance.qubo.energies(instance.complete(weights))

    assert energies.tolist() == ((np.abs(z[:, None] - centers).min(axis=1) ** 2 - 1) / 8).tolist()


def test_between_0_and_2_an_even_fan_in_has_no_margin() -> None:
    problem = Problem(Network((2, 1)), [[1, 1]], [[-1]])
    instance = compile_problem(problem, "wells", margin=1, reach=0)
    bits = all_bits(instance.qubo.num_variables)

    assert problem.training_loss(instance.decode(bits[instance.qubo.energies(bits) == 0])).max() == 1
    assert instance.formulation.soundness(problem) is Soundness.UNSOUND


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
    single = {m: default_well(m, is_single=True, is_output=True) for m in (1, 2, 3, 7, 21, 31, 61, 101)}
    hidden = {m: default_well(m, is_single=False, is_output=False) for m in (1, 2, 3, 7, 15, 31)}

    assert single == {
        1: (1, 0, 1, 1), 2: (2, 0, 1, 1), 3: (1, 1, 1, 1), 7: (2, 2, 2, 1), 21: (3, 6, 2, 1), 31: (4, 9, 3, 1),
        61: (6, 12, 4, 1), 101: (8, 15, 5, 1),
    }  # fmt: skip
    assert {m: rule[:2] for m, rule in hidden.items()} == {
        1: (1, 0),
        2: (2, 0),
        3: (3, 0),
        7: (4, 0),
        15: (6, 0),
        31: (9, 0),
    }
    assert hidden[15][3] == 2 / 15
    for m in range(1, 300):
        rules = [default_well(m, is_single=single, is_output=True) for single in (True, False)]
        assert all(Well(m, *rule).guaranteed >= 1 for rule in rules)


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
    [({"margin": 5}, "at most 3"), ({"reach": [1, 1]}, "2 values of reach")],
)
def test_what_no_neuron_can_have_is_refused(parameters: dict[str, Any], part: str) -> None:
    with pytest.raises(InputError, match=part):
        compile_problem(random_problem((3, 1), 2), "wells", **parameters)
