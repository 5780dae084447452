"""A walk over a network and its samples, for whoever writes the training problem as constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bnnbench.problem.problem import Problem


class Writer(Protocol):
    """Writer of the variables and constraints of a model; a count is a sum of agreements."""

    def data(self, *, is_positive: bool) -> Any:
        """Return the constant that stands for an input, or for a bias."""
        ...

    def count(self, weights: Sequence[Any], values: Sequence[Any]) -> Any:
        """Return the number of weights that equal their values."""
        ...

    def activation(self, count: Any, threshold: int, fan_in: int) -> Any:
        """Return a new variable that is 1 if the count reaches the threshold, and 0 if not."""
        ...


@dataclass(frozen=True)
class Output:
    """An output on a row: its activation and agreement count, whether the target is +1, and the number of the row."""

    activation: Any
    count: Any
    is_positive: bool
    row: int


def outputs(problem: Problem, rows: NDArray[np.int8], weights: Sequence[Any], writer: Writer) -> Iterator[Output]:
    """Write the forward pass of rows of inputs and targets, (N, d_0 + d_L), and yield each output on each of them.

    `weights` has a variable for each weight, in the order of the weight vector.
    """
    network = problem.network
    bias = [writer.data(is_positive=True)] * network.bias
    for number, row in enumerate(rows.tolist()):
        below = [writer.data(is_positive=value > 0) for value in row[: network.num_inputs]]
        counts: list[Any] = []
        for layer in range(1, network.num_layers + 1):
            fan_in = network.fan_in(layer)
            starts = [network.offset(layer) + neuron * fan_in for neuron in range(network.widths[layer])]
            values, counts, active = below + bias, [], []
            for start in starts:
                counts.append(writer.count(weights[start : start + fan_in], values))
                active.append(writer.activation(counts[-1], -(-fan_in // 2), fan_in))
            below = active
        for activation, count, target in zip(below, counts, row[network.num_inputs :], strict=True):
            yield Output(activation, count, target > 0, number)
