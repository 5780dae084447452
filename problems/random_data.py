"""Random inputs with random targets: nothing to learn but the data itself."""

from __future__ import annotations

import numpy as np

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Bias, Loss, SampleCount, Seed, Widths, random_spins, title


def random_data(
    *,
    widths: Widths = (7, 3, 1),
    samples: SampleCount = 20,
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Learn random targets of random inputs, both −1 and +1 with equal chances, inputs drawn with replacement.

    Parameters
    ----------
    widths
        Widths d_0, …, d_L of the network, two or more, each at least 1.
    samples
        Number of samples N, from 1 to 1,000,000.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """
    network = Network(widths, bias)
    generator = np.random.default_rng(seed)
    inputs = random_spins(generator, samples, network.num_inputs)
    targets = random_spins(generator, samples, network.num_outputs)
    name = title("random_data", network, f"N{samples}", f"s{seed}", loss=loss)
    return Problem(network, inputs, targets, loss, name=name)
