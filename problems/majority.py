"""Majority of all inputs, +1 where they balance (truth table)."""

from __future__ import annotations

import numpy as np

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Bias, Hidden, Loss, TruthTableSize, title, truth_table


def majority(*, size: TruthTableSize = 3, hidden: Hidden = (), bias: Bias = False, loss: Loss = "zero_one") -> Problem:
    """Learn the sign of the sum of all inputs, with sgn(0) = +1, from the whole truth table.

    A perceptron whose weights are all +1 is without error, so the default has no hidden layer.

    Parameters
    ----------
    size
        Number of inputs, 1 to 16; there are 2^size samples.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """
    network = Network((size, *hidden, 1), bias)
    inputs = truth_table(size)
    targets = np.where(inputs.sum(axis=1, keepdims=True) >= 0, 1, -1)
    return Problem(network, inputs, targets, loss, name=title(f"majority-{size}", network, loss=loss))
