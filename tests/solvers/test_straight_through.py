"""Training by a straight-through estimator: its gradient term by term, its losses, and certified optima."""

from __future__ import annotations

import numpy as np
import pytest
from bnnbench_solvers._straight_through import gradient, train
from hypothesis import given
from strategies import networks, problems, random_problem, random_weights

import bnnbench as bb
from bnnbench.optimum.prove import search
from bnnbench.problem.problem import Problem


def naive_gradient(problem: Problem, weights: np.ndarray) -> list[float]:
    """The chain rule, one sample and one neuron at a time."""
    network, price = problem.network, problem.loss_weights
    matrices = [network.layer_weights(weights, layer) for layer in range(1, network.num_layers + 1)]
    total = [np.zeros(matrix.shape) for matrix in matrices]
    for x, y in zip(problem.inputs.astype(float), problem.targets.astype(float), strict=True):
        activations, centered = [], []
        a = x
        for matrix in matrices:
            below = np.append(a, 1.0) if network.bias else a
            z = matrix @ below
            activations.append(below)
            centered.append(z if matrix.shape[1] % 2 else z + 1)
            a = np.where(z >= 0, 1.0, -1.0)
        root = np.sqrt(matrices[-1].shape[1])
        slope = [
            -t * ((price.errors / root if t * c < root else 0.0) + price.margin / 2)
            for t, c in zip(y, centered[-1], strict=True)
        ]
        for layer in reversed(range(len(matrices))):
            total[layer] += np.outer(slope, activations[layer])
            if layer:
                root = np.sqrt(matrices[layer - 1].shape[1])
                slope = [
                    matrices[layer][:, neuron] @ slope / root if abs(centered[layer - 1][neuron]) <= root else 0.0
                    for neuron in range(network.widths[layer])
                ]
    return np.concatenate([part.ravel() for part in total]).tolist()


@given(problems(networks(max_weights=40)))
def test_the_gradient_is_the_chain_rule_with_a_hard_tanh_for_each_sign(problem: Problem) -> None:
    weights = random_weights(3, problem.network)

    found = gradient(problem, weights, problem.network.layers(weights, problem.inputs))

    for row, one in zip(found, weights, strict=True):
        assert row.tolist() == pytest.approx(naive_gradient(problem, one), abs=1e-4)


@given(problems(networks(max_weights=40)))
def test_losses_are_those_of_the_weights(problem: Problem) -> None:
    weights, losses, _ = train(problem, 4, np.random.default_rng(1), num_epochs=3)

    assert np.array_equal(problem.training_loss(weights), losses)


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize(("widths", "bias"), [((7, 3, 1), False), ((3, 3, 2), True), ((4, 3, 2, 1), False)])
def test_the_certified_optimum_is_found(widths: tuple[int, ...], bias: bool, loss: str) -> None:
    problem = random_problem(widths, 20, bias=bias, loss=loss, seed=2)

    _, losses, _ = train(problem, 200, np.random.default_rng(0))

    assert losses.min() == search(problem, max_optima=1).loss


def test_more_epochs_are_never_worse_from_the_same_start() -> None:
    problem = random_problem((7, 7, 1), 40)

    short, long = (train(problem, 20, np.random.default_rng(0), num_epochs=n)[1] for n in (10, 100))

    assert (long <= short).all()
    assert long.mean() < short.mean()


def test_a_batch_of_a_large_network_holds_fewer_restarts() -> None:
    problem = random_problem((63, 31, 1), 200)
    solver = bb.load_solver("straight_through", num_epochs=10)

    batch = next(solver.sample(bb.compile(problem, "reduced"), seed=0, budget=bb.Budget(seconds=1)))

    assert 1 <= len(batch.bits) < solver.batch_reads
