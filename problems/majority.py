"""Majority of all inputs, +1 where they balance (truth table)."""

from __future__ import annotations

import numpy as np

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem

from ._family import TruthTableSize, Widths, title, truth_table


def majority(
    *, size: TruthTableSize = 3, hidden: Widths = (), bias: bool = False, loss: LossName = "zero_one"
) -> Problem:
    """Learn the sign of the sum of all inputs, with sgn(0) = +1, from the whole truth table.

    A perceptron whose weights are all +1 is without error, so the default has no hidden layer.

    Parameters
    ----------
    size
        Number of inputs, 1 to 16; there are 2^size samples.
    hidden
        Widths of the hidden layers, each at least 1; a single number is one layer.
    bias
        Whether every neuron has a bias weight.
    loss
        See `bnnbench.Problem`.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """
    network = Network((size, *hidden, 1), bias)
    inputs = truth_table(size)
    targets = np.where(inputs.sum(axis=1, keepdims=True) >= 0, 1, -1)
    return Problem(network, inputs, targets, loss, name=title(f"majority-{size}", network, loss=loss))
