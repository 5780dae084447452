"""Random inputs labeled by a planted random network, with label noise on demand."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Bias, Loss, SampleCount, Seed, Widths, random_spins, title


def teacher(
    *,
    widths: Widths = (7, 3, 1),
    samples: SampleCount = 20,
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0,
    test_samples: Annotated[int, Field(ge=0, le=1_000_000)] = 0,
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Learn what a network of the same shape, the teacher, says about random inputs, drawn with replacement.

    The teacher's weights are `Problem.planted`. Weights, training inputs, noise and held-out inputs each have a random
    stream of their own, so that a change of `noise`, for example, leaves all the others as they are.

    Parameters
    ----------
    widths
        Widths d_0, …, d_L of the network and of its teacher, two or more, each at least 1.
    samples
        Number of training samples N, from 1 to 1,000,000.
    noise
        Fraction of the N·d_L training labels that are flipped, 0 to 1: exactly round(noise·N·d_L) of them.
    test_samples
        Number of held-out samples, labeled without noise; 0 for none.

    Raises
    ------
    InputError
        If a parameter is out of its range.
    """
    network = Network(widths, bias)
    weight_stream, input_stream, noise_stream, test_stream = np.random.default_rng(seed).spawn(4)
    planted = random_spins(weight_stream, network.num_weights)
    inputs = random_spins(input_stream, samples, network.num_inputs)
    targets = network.forward(planted, inputs)
    flipped = noise_stream.choice(targets.size, round(noise * targets.size), replace=False)
    targets.flat[flipped] *= -1
    test_inputs = random_spins(test_stream, test_samples, network.num_inputs) if test_samples else None
    return Problem(
        network,
        inputs,
        targets,
        loss,
        name=title(
            "teacher",
            network,
            f"N{samples}",
            f"noise{noise}" if noise else "",
            f"test{test_samples}" if test_samples else "",
            f"s{seed}",
            loss=loss,
        ),
        test_inputs=test_inputs,
        test_targets=None if test_inputs is None else network.forward(planted, test_inputs),
        planted=planted,
    )
