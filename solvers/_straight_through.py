"""Gradient training of binary networks by a straight-through estimator, many restarts at once, in NumPy.

Latent weights v in [−1, 1] are real numbers, and the network computes with w = sgn(v). The loss is replaced by a hinge
on the outputs, ``max(0, 1 − y z/√m)``, and sgn by the hard tanh of z/√m where it is differentiated: so the gradient
passes neurons with |z| ≤ √m and stops at others, and what belongs to w is applied to v. Scaling by the root of the
fan-in m stands in for batch normalization.

References
----------
Y. Bengio, N. Léonard and A. Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
Computation", arXiv 1308.3432, 2013.
I. Hubara, M. Courbariaux, D. Soudry, R. El-Yaniv and Y. Bengio, "Binarized Neural Networks", NeurIPS 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem

NUM_EPOCHS, LEARNING_RATE = 500, 1.0
"""Chosen by optima per second on 7-3-1 with 20 and 7-7-1 with 40 samples; three times the rate does as well."""


def train(
    problem: Problem,
    num_reads: int,
    random: np.random.Generator,
    num_epochs: int = NUM_EPOCHS,
    learning_rate: float = LEARNING_RATE,
) -> tuple[NDArray[np.int8], NDArray[np.float64], int]:
    """Return the best weights of each restart, (num_reads, num_weights), their training losses, and the forward passes.

    A restart begins at uniform latent weights. An epoch is one step along the mean gradient of all samples.
    """
    network = problem.network
    latent = random.uniform(-1, 1, (num_reads, network.num_weights)).astype(np.float32)
    best_weights = np.empty(latent.shape, dtype=np.int8)
    best_losses = np.full(num_reads, np.inf)
    step = np.float32(learning_rate / problem.num_samples)
    passes = 0
    for passes in range(1, num_epochs + 1):  # noqa: B007  counted
        weights = np.where(latent >= 0, np.int8(1), np.int8(-1))
        z = network.layers(weights, problem.inputs)
        losses = problem.loss_of_outputs(z[-1])
        better = losses < best_losses
        best_losses[better], best_weights[better] = losses[better], weights[better]
        if not best_losses.any():
            break
        latent -= step * gradient(problem, weights, z)
        np.clip(latent, -1, 1, out=latent)
    return best_weights, best_losses, passes


def gradient(problem: Problem, weights: NDArray[np.int8], z: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the straight-through gradient of the surrogate loss, summed over the samples.

    Parameters
    ----------
    weights
        −1 or +1, shape (k, num_weights).
    z
        Their pre-activations, see `Network.layers`.

    Returns
    -------
    ndarray of float32
        Shape (k, num_weights).
    """
    network, price = problem.network, problem.loss_weights
    result = np.empty(weights.shape, dtype=np.float32)
    centered, root = _centered(z[-1], network.fan_in(network.num_layers))
    too_close = problem.targets * centered < root
    # What the loss of a sample gains per unit of z_L: the hinge for errors, the margin as it is.
    slope: Any = -problem.targets * (price.errors / root * too_close + price.margin / 2).astype(np.float32)
    for layer in range(network.num_layers, 0, -1):
        below = problem.inputs.astype(np.float32) if layer == 1 else _signs(z[layer - 2])
        width = network.widths[layer - 1]
        part = network.layer_weights(result, layer)
        part[..., :width] = np.swapaxes(slope, -1, -2) @ below
        if network.bias:
            part[..., width] = slope.sum(axis=-2)
        if layer > 1:
            centered, root = _centered(z[layer - 2], network.fan_in(layer - 1))
            upper = network.layer_weights(weights, layer)[..., :width].astype(np.float32)
            slope = (slope @ upper) * (np.abs(centered) <= root) / root
    return result


def _signs(z: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(z >= 0, np.float32(1), np.float32(-1))


def _centered(z: NDArray[np.float32], fan_in: int) -> tuple[NDArray[np.float32], np.float32]:
    """Return pre-activations with their threshold at the middle of two values, and √m.

    With an even fan-in z is even, and z = 0 counts as +1; z + 1 has the same sign, and is never 0.
    """
    return z + np.float32(1 - fan_in % 2), np.float32(np.sqrt(fan_in))
