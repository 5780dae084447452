"""Parity of all inputs: −1 for an odd number of −1 (truth table)."""

from __future__ import annotations

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Bias, Hidden, Loss, TruthTableSize, title, truth_table


def parity(*, size: TruthTableSize = 3, hidden: Hidden = (3,), bias: Bias = False, loss: Loss = "zero_one") -> Problem:
    """Learn the product of all inputs from the whole truth table.

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
    targets = inputs.prod(axis=1, keepdims=True)
    return Problem(network, inputs, targets, loss, name=title(f"parity-{size}", network, loss=loss))
