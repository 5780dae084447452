"""Parity of all inputs: −1 for an odd number of −1 (truth table)."""

from __future__ import annotations

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem

from ._family import TruthTableSize, Widths, title, truth_table


def parity(
    *, size: TruthTableSize = 3, hidden: Widths = (3,), bias: bool = False, loss: LossName = "zero_one"
) -> Problem:
    """Learn the product of all inputs from the whole truth table.

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
    targets = inputs.prod(axis=1, keepdims=True)
    return Problem(network, inputs, targets, loss, name=title(f"parity-{size}", network, loss=loss))
