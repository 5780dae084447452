"""A random function of all inputs (truth table, or distinct rows of it)."""

from __future__ import annotations

import numpy as np

from bnnbench.errors import InputError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Bias, Count, Hidden, Loss, Seed, TruthTableSize, random_spins, title, truth_table


def random_function(
    *,
    size: TruthTableSize = 3,
    hidden: Hidden = (3,),
    outputs: Count = 1,
    samples: Count | None = None,
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Learn a function whose values are drawn independently, −1 and +1 with equal chances.

    The function depends on `size`, `outputs` and `seed` alone: fewer samples are rows of the same truth table.

    Parameters
    ----------
    size
        Number of inputs, 1 to 16.
    outputs
        Number of outputs, at least 1.
    samples
        Number of distinct inputs drawn at random, 1 to 2^size; None is the whole truth table in counting order.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """
    if samples is not None and samples > 2**size:
        raise InputError(
            f"random_function: {size} inputs have {2**size} distinct settings, but samples={samples} came; "
            f"ask for at most {2**size}, or use random_data, which draws with replacement."
        )
    generator = np.random.default_rng(seed)
    network = Network((size, *hidden, outputs), bias)
    inputs, targets = truth_table(size), random_spins(generator, 2**size, outputs)
    if samples is not None:
        rows = generator.choice(2**size, samples, replace=False)
        inputs, targets = inputs[rows], targets[rows]
    number = "" if samples is None else f"N{samples}"
    name = title("random_function", network, number, f"s{seed}", loss=loss)
    return Problem(network, inputs, targets, loss, name=name)
