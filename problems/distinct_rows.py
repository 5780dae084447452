"""Distinct random inputs at a given load, labeled by a planted network, with label noise on demand, or at random."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.errors import InputError
from bnnbench.problem.merging import distinct_rows as first_of_each
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Loss, Seed, Widths, random_spins, title

MAX_ROWS = 1_000_000
"""Data of a million rows are some 100 MB; what takes more is no problem for the solvers here."""


def distinct_rows(
    *,
    widths: Widths = (21, 1),
    load: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0,
    labels: Literal["planted", "random"] = "planted",
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Learn N = round(α·weights) rows, no two of them equal or opposite: each tells an odd network something new.

    Rows of a smaller load are the first rows of a larger one of the same seed. Labels, planted weights and noise each
    have a random stream of their own.

    Parameters
    ----------
    widths
        Widths d_0, …, d_L of the network, two or more, each at least 1.
    load
        α, the number of distinct rows per weight, above 0.
    labels
        ``"planted"`` are those of a network of the same shape, whose weights are `Problem.planted`; ``"random"`` are
        −1 and +1 with equal chances.
    noise
        Fraction of planted labels that are flipped, 0 to 1: exactly round(noise·N·d_L) of them.

    Raises
    ------
    InputError
        If a parameter is out of its range, or if there are fewer rows than the load asks for.
    """
    network = Network(widths)
    samples = max(1, round(load * network.num_weights))
    name = title(labels, network, f"α{load:g}", f"noise{noise:g}" if noise else "", f"s{seed}", loss=loss)
    most = min(MAX_ROWS, 2 ** (network.num_inputs - 1))
    if samples > most:
        raise InputError(
            f"distinct_rows: {network.num_inputs} inputs have {most:,} rows of which no two are equal or opposite, but "
            f"load={load:g} of {network.num_weights} weights asks for {samples:,}; ask for at most "
            f"{most / network.num_weights:.3g}."
        )
    if noise and labels == "random":
        raise InputError(f"distinct_rows: noise={noise:g} flips planted labels, but labels are random; leave it out.")
    row_stream, label_stream, noise_stream = np.random.default_rng(seed).spawn(3)
    inputs = _draw_rows(row_stream, samples, network.num_inputs)
    if labels == "random":
        targets = random_spins(label_stream, samples, network.num_outputs)
        return Problem(network, inputs, targets, loss, name=name)
    planted = random_spins(label_stream, network.num_weights)
    targets = network.forward(planted, inputs)
    targets.flat[noise_stream.choice(targets.size, round(noise * targets.size), replace=False)] *= -1
    return Problem(network, inputs, targets, loss, name=name, planted=planted)


def _draw_rows(generator: np.random.Generator, number: int, width: int) -> NDArray[np.int8]:
    """Draw rows of −1 and +1 until so many are there of which no two are equal or opposite; int8 (number, width)."""
    rows = np.empty((0, width), dtype=np.int8)
    while len(rows) < number:
        rows = np.vstack([rows, random_spins(generator, 64, width)])  # a fixed block: larger loads only draw on
        first, _ = first_of_each(rows * rows[:, :1])
        rows = rows[np.sort(first)]
    return rows[:number]
