"""Tools of the problem families: kinds of parameters, the truth table of inputs, and names."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName


def as_tuple(value: Any) -> Any:
    """Let one value stand for a sequence of one."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


Count = Annotated[int, Field(ge=1)]
SampleCount = Annotated[int, Field(ge=1, le=1_000_000)]
"""Data of a million samples are some 100 MB; what takes more is no problem for the solvers here."""
Seed = Annotated[int, Field(ge=0, description="At least 0.")]
Widths = Annotated[tuple[Count, ...], BeforeValidator(as_tuple)]
Hidden = Annotated[
    Widths, Field(description="Widths of the hidden layers, each at least 1; a single number is one layer.")
]
Bias = Annotated[bool, Field(description="Whether every neuron has a bias weight.")]
Loss = Annotated[LossName, Field(description="See `bnnbench.Problem`.")]
TruthTableSize = Annotated[int, Field(ge=1, le=16)]
"""2^16 rows are the most that a truth table is written out for."""


def truth_table(size: int) -> NDArray[np.int8]:
    """Return all 2^size rows of −1 and +1 in counting order, −1 first, the last input fastest; int8 (2^size, size)."""
    bits = np.arange(2**size)[:, None] >> np.arange(size)[::-1] & 1
    return (2 * bits - 1).astype(np.int8)


def random_spins(generator: np.random.Generator, *shape: int) -> NDArray[np.int8]:
    """Draw −1 and +1 with equal chances; int8 of the given shape."""
    return 2 * generator.integers(2, size=shape, dtype=np.int8) - 1


def thresholds(training: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return the quantiles 1/(number+1), …, number/(number+1) that split the training part, each split once."""
    quantiles = np.quantile(training, np.arange(1, number + 1) / (number + 1))
    not_above, first = np.unique(np.searchsorted(np.sort(training), quantiles, side="right"), return_index=True)
    return np.asarray(quantiles[first[not_above < len(training)]], dtype=np.float64)


def num_bits(network: Network, num_rows: int) -> int:
    """Estimate the bits of a QUBO: weights, and per row activations, counters, and products above the first layer."""
    per_row = sum(
        network.widths[layer] * (network.fan_in(layer).bit_length() + (network.fan_in(layer) if layer > 1 else 0))
        for layer in range(1, network.num_layers + 1)
    )
    return network.num_weights + num_rows * per_row


def title(*parts: object, loss: LossName = "zero_one") -> str:
    """Return the name of a problem: its parts but the empty ones, and its loss unless that is the default."""
    return " ".join(str(part) for part in (*parts, "" if loss == "zero_one" else loss) if part != "")
