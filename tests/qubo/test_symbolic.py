"""Formulations of one sample: tiling and writing all samples down give the same, and completion is the best."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_bits, problems, random_bits, random_problem

from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.problem.network import Network
from bnnbench.qubo.formulation import Formulation

SHAPES = st.sampled_from([Network((3, 1)), Network((2, 2)), Network((2, 2, 1)), Network((2, 1), bias=True)])


@dataclass(frozen=True, kw_only=True)
class Pull(Formulation):
    """A square per neuron of the first layer and output, with a private bit each, and the weights above."""

    by_hand: bool = False

    def sample_energy(self, sample: Any) -> Any:
        rows = sample.products
        if self.by_hand:
            inputs = [*sample.inputs, 1]
            rows = [[x * w for x, w in zip(inputs, row, strict=False)] for row in sample.weights(1)]
        energy: Any = sample.error_price + 0.25
        for (j, row), (o, y) in itertools.product(enumerate(rows), enumerate(sample.targets)):
            energy = energy + (y * sum(row) - 1 - 2 * sample.ancilla(f"b{j}_{o}")) ** 2
        if sample.network.num_layers > 1:
            top = sample.weights(2)[0]
            energy = energy + top[0] * top[-1] + sample.targets[0] * top[0] * sample.spin("b0_0")
        return energy


@settings(max_examples=25, deadline=None)
@given(problems(SHAPES, samples=st.integers(1, 4)), st.integers(0, 100))
def test_tiling_equals_writing_all_samples_down(problem: Any, seed: int) -> None:
    tiled, written = (compile_problem(problem, Pull(by_hand=by_hand)).qubo for by_hand in (False, True))
    bits = random_bits(20, tiled.num_variables, seed=seed)

    assert tiled.num_variables == written.num_variables
    assert np.array_equal(tiled.energies(bits), written.energies(bits))


@settings(max_examples=25, deadline=None)
@given(problems(SHAPES, samples=st.integers(1, 2)))
def test_completion_is_the_least_energy_of_all_private_bits(problem: Any) -> None:
    instance = compile_problem(problem, Pull())
    n, num_weights = instance.qubo.num_variables, problem.network.num_weights
    energies = instance.qubo.energies(all_bits(n)).reshape(2**num_weights, -1).min(axis=1)
    weights = 2 * all_bits(num_weights) - 1

    completed = instance.complete(weights)

    assert np.array_equal(instance.qubo.energies(completed), energies)
    assert np.array_equal(instance.decode(completed), weights)


@pytest.mark.parametrize(
    ("energy", "sentence"),
    [
        (lambda sample: "x", "must give a PyQUBO expression or a number, but gave str"),
        (lambda sample: sample.ancilla("a") * sample.ancilla("b") * sample.ancilla("c"), "keep the degree at 2"),
        (lambda sample: sample.ancilla("w_1_0_0") + 0, "w_1_0_0 is the name of a weight"),
        (lambda sample: sample.ancilla(f"a{sample.targets[0]}") + 0, "name the same bits in every sample"),
        (lambda sample: sample.ancilla(f"a{sample.inputs[0]}") + 0, "name the same bits in every sample"),
    ],
)
def test_what_is_no_energy_of_a_sample_is_a_sentence(energy: Any, sentence: str) -> None:
    problem = random_problem((1, 1), 6)
    formulation = Pull()
    object.__setattr__(formulation, "sample_energy", energy)

    with pytest.raises(InputError, match=sentence):
        compile_problem(problem, formulation)


def test_more_private_bits_than_can_be_tried_complete_nothing() -> None:
    formulation = Pull()
    many = lambda sample: sum(sample.ancilla(f"a{k}") for k in range(21)) + sample.products[0][0]  # noqa: E731
    object.__setattr__(formulation, "sample_energy", many)
    instance = compile_problem(random_problem((1, 1), 2), formulation)

    with pytest.raises(InputError, match="it cannot complete weights, as its private bits are no blocks of up to 20"):
        instance.complete([[1]])


def test_a_formulation_without_an_energy_says_so() -> None:
    with pytest.raises(InputError, match="defines neither sample_energy nor compile"):
        compile_problem(random_problem((1, 1), 2), Formulation())
