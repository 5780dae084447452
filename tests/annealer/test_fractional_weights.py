"""Networks whose weights are means of chains, against a forward pass written out in fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from bnnbench.annealer.embedding import Embedding
from bnnbench.annealer.fractional_weights import FractionalTally, WeightReader, weight_reader
from bnnbench.annealer.gauge_spin import means_without_gauge_spin
from bnnbench.annealer.unembedding import chain_means
from bnnbench.errors import InputError
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import compile as compile_with
from bnnbench.qubo.qubo import Qubo, make_qubo


def reader_of(problem: Problem, formulation: str = "sasdelli") -> WeightReader:
    reader = weight_reader(compile_problem(problem, formulation))
    assert reader is not None
    return reader


def errors_in_fractions(problem: Problem, weights: list[Fraction]) -> int:
    """Errors of a network with any weights, neuron by neuron; sgn(0) = +1."""
    network, total = problem.network, 0
    for x, y in zip(problem.inputs.tolist(), problem.targets.tolist(), strict=True):
        left, activations = list(weights), x
        for width in network.widths[1:]:
            inputs = [*activations, 1] if network.bias else activations
            neurons = [[left.pop(0) for _ in inputs] for _ in range(width)]
            sums = [sum(w * a for w, a in zip(row, inputs, strict=True)) for row in neurons]
            activations = [1 if z >= 0 else -1 for z in sums]
        total += sum(a != target for a, target in zip(activations, y, strict=True))
    return total


def test_the_mean_of_a_chain_is_the_share_of_its_ones() -> None:
    embedding = Embedding(((4, 5, 6), (1, 2), (0,)), 0.0)

    means = chain_means(embedding, np.array([[1, 1, 0, 1, 0, 1]], dtype=np.int8))

    assert means.tolist() == [[2 / 3, 1 / 2, 1.0]]


@pytest.mark.parametrize("bias", [False, True])
def test_losses_of_means_are_those_of_a_network_in_fractions(bias: bool) -> None:
    rng = np.random.default_rng(0)
    network = Network((3, 3, 1), bias)
    inputs, targets = rng.choice([-1, 1], (10, 3)), rng.choice([-1, 1], (10, 1))
    problem = Problem(network, inputs, targets)
    reader = reader_of(problem, "compact")
    ones = rng.integers(0, 4, (40, network.num_weights))

    losses = reader.losses(2 * ones / 3 - 1)

    expected = [errors_in_fractions(problem, [Fraction(2 * int(one), 3) - 1 for one in row]) for row in ones]
    assert losses.tolist() == expected


def test_a_weight_split_in_halves_is_0_and_a_tie_is_plus_one() -> None:
    problem = Problem(Network((3, 1)), np.array([[1, 1, 1]]), np.array([[-1]]))

    assert reader_of(problem).losses(np.array([[0.0, 2 / 3 - 1, 1 / 3], [0.0, -1.0, 0.5]])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("formulation", ["sasdelli", "compact", "reduced", "soft", "wells", "hubo"])
def test_whole_chains_have_the_weights_that_bits_decode_to(formulation: str) -> None:
    instance = compile_problem(load_problem("random_data", widths=[3, 3, 1], samples=4, seed=1), formulation)
    bits = np.random.default_rng(2).integers(0, 2, (30, instance.qubo.num_variables), dtype=np.int8)
    reader = weight_reader(instance)
    assert reader is not None

    weights = reader.weights(bits.astype(np.float64))

    assert weights.tolist() == instance.decode(bits).tolist()
    assert reader.losses(weights).tolist() == instance.problem.training_loss(instance.decode(bits)).tolist()


def test_facts_are_over_all_reads_so_far() -> None:
    problem = Problem(Network((3, 1)), np.array([[1, 1, 1], [1, 1, -1]]), np.array([[1], [1]]))
    tally = FractionalTally(reader_of(problem))
    whole, halves = np.ones((1, tally.reader.variable.max() + 1)), np.zeros((2, tally.reader.variable.max() + 1))
    halves[0, 0] = 0.5

    tally.add(whole)
    facts = tally.add(halves)

    assert facts == {"fractional_weights": 1 / 9, "fractional_loss": 0.0, "fractional_mean_loss": 4 / 3 - 1 / 3}


def test_the_gauge_spin_turns_means_over() -> None:
    means = np.array([[0.25, 1.0, 0.25], [0.25, 1.0, 0.75], [0.25, 1.0, 0.5]])

    assert means_without_gauge_spin(means).tolist() == [[0.75, 0.0], [0.25, 1.0], [0.25, 1.0]]


@dataclass(frozen=True, kw_only=True)
class Parity(Formulation):
    """Each weight is the parity of two bits."""

    def compile(self, problem: Problem) -> Qubo:
        none = np.zeros(0, dtype=np.int32)
        return make_qubo(np.zeros(2 * problem.network.num_weights), none, none, np.zeros(0), 0.0)

    def decode(self, problem: Problem, bits: NDArray[np.int8]) -> NDArray[np.int8]:
        return 2 * (bits[:, ::2] ^ bits[:, 1::2]) - 1


def test_weights_that_hang_on_two_bits_have_no_mean() -> None:
    instance = compile_with(load_problem("parity", size=2), Parity())

    with pytest.raises(InputError, match="weights that depend on several bits"):
        weight_reader(instance)


def test_a_bare_qubo_has_no_weights() -> None:
    assert weight_reader(compile_problem(load_problem("parity", size=2), "reduced").qubo) is None
