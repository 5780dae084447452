"""All losses of a small network are those of the forward pass, however often its samples are repeated."""

from __future__ import annotations

import numpy as np
import pytest

import bnnbench as bb
from bnnbench.optimum.losses import all_losses, spins_of
from bnnbench.problem.network import Network


@pytest.mark.parametrize("loss", ["zero_one", "margin", "zero_one_margin"])
@pytest.mark.parametrize("widths", [(2, 1), (2, 2, 2), (3, 2, 1, 1)])
@pytest.mark.parametrize("bias", [False, True])
def test_they_are_those_of_every_sample(loss, widths, bias) -> None:
    problem = bb.load_problem("random_data", widths=widths, samples=40, seed=1, loss=loss, bias=bias)
    num_weights = problem.network.num_weights

    losses = all_losses(problem)

    assert losses.tolist() == problem.training_loss(spins_of(np.arange(2**num_weights), num_weights)).tolist()


def test_equal_samples_are_evaluated_once(monkeypatch) -> None:
    problem = bb.load_problem("random_data", widths=(3, 3, 1), samples=100_000, loss="zero_one_margin", seed=1)
    given = []
    layers = Network.layers
    monkeypatch.setattr(Network, "layers", lambda net, w, x: given.append(len(x)) or layers(net, w, x))

    losses = all_losses(problem)

    assert set(given) == {16}  # 8 inputs with 2 targets each
    weights = spins_of(np.arange(5), problem.network.num_weights)
    assert losses[:5].tolist() == problem.training_loss(weights).tolist()
