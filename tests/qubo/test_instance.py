"""Instances: tiling against the whole expression, completion, decoding, violations, hashes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_weights, formulated, networks, problems, random_bits, random_problem, random_weights
from whole_expression import whole_expression

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import formulation
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance, instance_hash
from bnnbench.qubo.tiling import Tiling


def tiling_of(instance: Instance) -> Tiling:
    """The penalties behind an instance."""
    assert instance.tiling is not None
    return instance.tiling


def oracle_energies(instance: Instance, bits: np.ndarray) -> np.ndarray:
    """Energies by one PyQUBO model of all samples, whose variables are found by name."""
    bqm = whole_expression(instance).compile().to_bqm()
    names = tiling_of(instance).variable_names
    unknown = set(bqm.variables) - set(names)
    assert not unknown
    places = [names.index(name) for name in bqm.variables]
    return np.asarray(bqm.energies((bits[:, places], list(bqm.variables))))


@settings(max_examples=80)
@given(formulated(), st.integers(0, 1000))
def test_the_tiled_instance_equals_the_whole_expression(drawn: tuple[Problem, Formulation], seed: int) -> None:
    instance = compile_problem(*drawn)
    bits = random_bits(20, instance.qubo.num_variables, seed=seed)

    assert np.array_equal(instance.qubo.energies(bits), oracle_energies(instance, bits))


@pytest.mark.parametrize("name", ["compact", "reduced", "sasdelli", "soft"])
def test_the_default_settings_equal_the_whole_expression(name: str) -> None:
    instance = compile_problem(random_problem((3, 3, 3, 1), 5), name)
    bits = random_bits(20, instance.qubo.num_variables)

    assert np.allclose(instance.qubo.energies(bits), oracle_energies(instance, bits), rtol=0, atol=1e-9)


def test_another_problem_does_not_equal_the_whole_expression() -> None:
    problem = random_problem((3, 3, 1), 3)
    other = Problem(problem.network, problem.inputs, -problem.targets)
    instance = compile_problem(problem)
    bits = random_bits(20, instance.qubo.num_variables)

    assert not np.array_equal(compile_problem(other).qubo.energies(bits), oracle_energies(instance, bits))


@settings(max_examples=80)
@given(formulated(), st.integers(0, 1000))
def test_completed_weights_violate_nothing_and_cost_their_training_loss(drawn: Any, seed: int) -> None:
    problem, setting = drawn
    instance = compile_problem(problem, setting)
    weights = random_weights(8, problem.network, seed=seed)

    bits = instance.complete(weights)

    assert np.array_equal(instance.qubo.energies(bits), problem.training_loss(weights))
    assert all(not counts.any() for counts in instance.violations(bits).values())


@given(formulated(), st.integers(0, 1000))
def test_decoding_undoes_completion_up_to_the_sign_symmetry(drawn: Any, seed: int) -> None:
    problem, setting = drawn
    instance = compile_problem(problem, setting)
    weights = random_weights(8, problem.network, seed=seed)

    decoded = instance.decode(instance.complete(weights))

    assert np.array_equal(decoded, instance.canonical(weights))
    if setting.name in ("compact", "sasdelli"):
        assert np.array_equal(decoded, weights)


@given(problems(networks(max_weights=20)), st.integers(0, 1000))
def test_the_canonical_setting_computes_the_same(problem: Problem, seed: int) -> None:
    instance = compile_problem(problem, "reduced")
    weights = random_weights(8, problem.network, seed=seed)
    inputs = random_weights(16, Network((problem.network.num_inputs, 1)), seed=seed)

    canonical = instance.canonical(weights)

    assert np.array_equal(problem.network.forward(canonical, inputs), problem.network.forward(weights, inputs))
    assert np.array_equal(problem.training_loss(canonical), problem.training_loss(weights))
    assert np.array_equal(instance.canonical(canonical), canonical)
    fixed = np.setdiff1d(np.arange(problem.network.num_weights), tiling_of(instance).free_weights)
    assert np.all(canonical[:, fixed] == 1)


@pytest.mark.parametrize("widths", [(3, 2, 1), (1, 2, 2), (1, 1, 1, 1), (1, 3, 2, 1), (2, 2, 1)])
def test_one_setting_of_each_orbit_is_canonical(widths: tuple[int, ...]) -> None:
    network = Network(widths)
    instance = compile_problem(random_problem(widths, 1), "reduced")
    odd_hidden = sum(network.widths[layer] for layer in range(1, network.num_layers) if network.fan_in(layer) % 2)

    representatives = np.unique(instance.canonical(all_weights(network)), axis=0)

    assert len(representatives) == 2 ** (network.num_weights - odd_hidden)
    assert len(tiling_of(instance).free_weights) == network.num_weights - odd_hidden


def test_canonical_keeps_the_shape() -> None:
    instance = compile_problem(random_problem((3, 3, 1), 1), "reduced")

    assert instance.canonical(np.ones(12)).shape == (12,)
    assert instance.canonical(np.ones((2, 3, 12))).shape == (2, 3, 12)


KIND = {"a": "sign", "r": "sign", "e": "sign", "p": "product", "q": "product", "l": "loss"}


@settings(max_examples=60)
@given(formulated(), st.integers(0, 1000))
def test_a_flipped_ancilla_breaks_a_constraint_of_its_kind(drawn: Any, seed: int) -> None:
    instance = compile_problem(*drawn)
    right = instance.complete(random_weights(1, instance.problem.network, seed=seed))
    first = tiling_of(instance).encoding.num_weights
    places = np.arange(first, instance.qubo.num_variables)
    flipped = np.repeat(right, len(places), axis=0)
    flipped[np.arange(len(places)), places] ^= 1

    counts = instance.violations(flipped)

    is_paired = instance.formulation.parameters.get("counter") == "paired"
    for row, place in enumerate(places):
        letter = tiling_of(instance).variable_names[place].split("_")[1]
        if not (letter == "r" and is_paired):  # some counts can be written in two ways
            assert counts[KIND[letter]][row] >= 1, tiling_of(instance).variable_names[place]


def test_violations_are_counted_by_kind_and_row() -> None:
    problem = Problem(Network((1, 1, 1)), [[1], [-1]], [[1], [1]])
    instance = compile_problem(problem, merge=False)
    names = tiling_of(instance).variable_names
    assert names == ["w_1_0_0", "w_2_0_0", "n0_a_1_0", "n0_p_2_0_0", "n0_a_2_0", "n1_a_1_0", "n1_p_2_0_0", "n1_a_2_0"]
    right = instance.complete([[1, 1]])
    assert right.tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]
    product, both_samples = right.copy(), right.copy()
    product[0, 3] = 0  # agreement 1 − 1 − 1 + 0 = −1: wrong product, wrong sign
    both_samples[0, [4, 7]] ^= 1

    counts = instance.violations(np.vstack([right, product, both_samples]))

    assert {kind: count.tolist() for kind, count in counts.items()} == {
        "sign": [0, 1, 2], "product": [0, 1, 0], "loss": [0, 0, 0],
    }  # fmt: skip


@given(formulated(), st.integers(0, 1000))
def test_every_violation_costs_at_least_its_penalty(drawn: Any, seed: int) -> None:
    """Energy = loss terms + penalties, and loss terms are at least the least a sample can give: checked by λ + 1."""
    problem, setting = drawn
    if setting.name == "sasdelli":
        return
    instance = compile_problem(problem, setting)
    penalties = setting.penalties(problem)
    dearer = compile_problem(problem, formulation(setting, penalty=tuple(p + 1 for p in penalties)))
    bits = random_bits(10, instance.qubo.num_variables, seed=seed)

    price = dearer.qubo.energies(bits) - instance.qubo.energies(bits)

    violations = sum(instance.violations(bits).values())
    assert np.all(price >= violations)
    assert np.array_equal(price == 0, violations == 0)


@given(formulated())
def test_every_variable_has_one_name_and_weights_come_first(drawn: tuple[Problem, Formulation]) -> None:
    instance = compile_problem(*drawn)
    tiling, network = tiling_of(instance), instance.problem.network
    names, num_weights = tiling.variable_names, tiling.encoding.num_weights
    in_order = [
        f"w_{layer}_{neuron}_{index}"
        for layer in range(1, network.num_layers + 1)
        for neuron in range(network.widths[layer])
        for index in range(network.fan_in(layer))
    ]

    assert len(names) == len(set(names)) == instance.qubo.num_variables
    assert names[:num_weights] == [in_order[place] for place in tiling.free_weights]
    samples = [int(name[1:].split("_")[0]) for name in names[num_weights:]]
    assert samples == sorted(samples)


def test_hashes_follow_the_content() -> None:
    problem = random_problem((3, 3, 1), 3, name="one")
    renamed = random_problem((3, 3, 1), 3, name="other")
    changed = Problem(problem.network, problem.inputs, -problem.targets)

    assert (
        compile_problem(problem).hash == compile_problem(renamed).hash == instance_hash(problem, formulation("compact"))
    )
    assert compile_problem(problem).qubo.hash == compile_problem(renamed).qubo.hash
    variants = [
        compile_problem(problem), compile_problem(changed), compile_problem(problem, "reduced"),
        compile_problem(problem, penalty=3), compile_problem(problem, counter="unary", penalty=3),
    ]  # fmt: skip
    assert len({instance.hash for instance in variants}) == len(variants)
    assert compile_problem(problem, penalty=[3, 3]).qubo == compile_problem(problem, penalty=3).qubo


@given(problems(samples=st.integers(2, 3)))
def test_doubling_the_data_doubles_the_loss_of_completed_weights(problem: Problem) -> None:
    doubled = Problem(
        problem.network, np.repeat(problem.inputs, 2, axis=0), np.repeat(problem.targets, 2, axis=0), "zero_one"
    )
    single = Problem(problem.network, problem.inputs, problem.targets, "zero_one")
    weights = random_weights(4, problem.network)
    one, two = compile_problem(single), compile_problem(doubled)

    assert np.array_equal(two.qubo.energies(two.complete(weights)), 2 * one.qubo.energies(one.complete(weights)))


def test_weights_and_bits_of_a_wrong_shape_or_value_are_refused() -> None:
    instance = compile_problem(random_problem((3, 1), 2))

    with pytest.raises(InputError, match=r"weights to complete must have shape \(k, num_weights\)"):
        instance.complete([1, 1, 1])
    with pytest.raises(InputError, match=r"−1 or \+1"):
        instance.complete([[1, 0, 1]])
    for method in (instance.decode, instance.violations):
        with pytest.raises(InputError, match="shape"):
            method([[0, 1]])
        with pytest.raises(InputError, match="0 or 1"):
            method(np.full((1, instance.qubo.num_variables), -1))


def test_unknown_formulations_and_parameters_are_refused() -> None:
    problem = random_problem((3, 1), 2)
    with pytest.raises(UnknownNameError, match="did you mean reduced"):
        compile_problem(problem, "reduce")
    with pytest.raises(UnknownNameError, match="did you mean penalty"):
        compile_problem(problem, penality=1)
