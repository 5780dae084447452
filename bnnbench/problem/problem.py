"""The training problem: a network, data and a loss."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError, UnknownNameError
from bnnbench.hashing import content_hash
from bnnbench.problem.card import card
from bnnbench.problem.network import Network, as_array, check_table

UNNAMED = "problem"
"""Name of a problem that was given none; the registry puts that of the family in its place."""

LossName = Literal["zero_one", "margin", "zero_one_margin"]


@dataclass(frozen=True)
class LossWeights:
    """A loss as ``errors·[a ≠ y] + margin·(m_L − y z)/2``, summed over samples and outputs."""

    errors: float
    margin: float


@dataclass(frozen=True, eq=False)
class Problem:
    r"""Find weights that minimize the training loss of a network on a data set.

    With pre-activations z, activations a = sgn(z) and targets y of the output layer, summed over N samples and d_L
    outputs:

    - ``zero_one``: ``[a ≠ y]``, the number of errors;
    - ``margin``: ``(m_L − y z)/2``, the number of products at the output that disagree with the target;
    - ``zero_one_margin``: ``zero_one + ε·margin``, errors first, then margins. ε is the largest power of two with
      ``ε·N·d_L·m_L < 1``, so that losses are exact in floating point.

    Parameters
    ----------
    network
        The shapes.
    inputs, targets
        Training data, −1 or +1, shapes (N, d_0) and (N, d_L); targets of one output also of shape (N,).
    loss
        One of the names above.
    name
        How tables call the problem. Not part of its content.
    test_inputs, test_targets
        Held-out data of the same kinds, both or neither.
    planted
        Weights known to be good, such as those of the network that labeled the data; −1 or +1, shape (num_weights,).

    Raises
    ------
    InputError
        If a shape, a value or the loss is wrong.
    """

    network: Network
    inputs: NDArray[np.int8]
    targets: NDArray[np.int8]
    loss: LossName = "zero_one"
    name: str = field(default=UNNAMED, kw_only=True)
    test_inputs: NDArray[np.int8] | None = field(default=None, kw_only=True)
    test_targets: NDArray[np.int8] | None = field(default=None, kw_only=True)
    planted: NDArray[np.int8] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.loss not in get_args(LossName):
            raise UnknownNameError("loss", str(self.loss), get_args(LossName))
        self._set_data("inputs", "targets")
        if (self.test_inputs is None) != (self.test_targets is None):
            raise InputError(f"{self.name}: give test_inputs and test_targets together, or neither.")
        if self.test_inputs is not None:
            self._set_data("test_inputs", "test_targets")
        if self.planted is not None:
            planted = self.network.check_weights(self.planted)
            if planted.ndim != 1:
                raise InputError(f"{self.name}: planted weights must be one vector, but shape {planted.shape} came.")
            self._set("planted", planted)

    def _set_data(self, inputs: str, targets: str) -> None:
        x = check_table(getattr(self, inputs), self.network.num_inputs, f"{self.name}: {inputs}")
        y = as_array(getattr(self, targets), f"{self.name}: {targets}")
        if y.ndim == 1 and self.network.num_outputs == 1:
            y = y[:, None]
        y = check_table(y, self.network.num_outputs, f"{self.name}: {targets}")
        if len(x) != len(y):
            raise InputError(f"{self.name}: {inputs} has {len(x)} samples, but {targets} has {len(y)}.")
        self._set(inputs, x)
        self._set(targets, y)

    def _set(self, name: str, array: NDArray[np.int8]) -> None:
        array = np.ascontiguousarray(array)
        if array is getattr(self, name):
            array = array.copy()
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __str__(self) -> str:
        return f"{self.name}: {self.network}, {self.num_samples} samples, loss {self.loss}"

    def __repr__(self) -> str:
        return f"<Problem {self}>"

    def _repr_html_(self) -> str:
        held_out = None if self.test_inputs is None else len(self.test_inputs)
        facts = {"network": self.network, "weights": self.network.num_weights, "samples": self.num_samples}
        return card(f"Problem {self.name}", facts | {"held out": held_out, "loss": self.loss, "hash": self.hash[:12]})

    @property
    def num_samples(self) -> int:
        """N."""
        return len(self.inputs)

    @cached_property
    def blind(self) -> Problem:
        """The same problem without its planted weights, which no solver may see."""
        return self if self.planted is None else replace(self, planted=None)

    @cached_property
    def hash(self) -> str:
        """Content hash over network, loss, training data and held-out data."""
        held_out = [array for array in (self.test_inputs, self.test_targets) if array is not None]
        header = {"network": self.network.hash, "loss": self.loss}
        return content_hash("problem", header, self.inputs, self.targets, *held_out)

    @cached_property
    def loss_weights(self) -> LossWeights:
        """Return the prices of an error and of a unit of margin."""
        if self.loss == "zero_one":
            return LossWeights(errors=1.0, margin=0.0)
        if self.loss == "margin":
            return LossWeights(errors=0.0, margin=1.0)
        largest = self.num_samples * self.network.num_outputs * self.network.fan_in(self.network.num_layers)
        return LossWeights(errors=1.0, margin=2.0 ** -largest.bit_length())

    @property
    def loss_unit(self) -> float:
        """The power of two of which all losses are multiples, so that they are exact and compare without tolerance."""
        return self.loss_weights.margin or self.loss_weights.errors

    def training_loss(self, weights: Any) -> NDArray[np.float64]:
        """Return the loss of weights of shape (…, num_weights) on the training data; shape (…), in units of loss."""
        z = self.network.layers(self.network.check_weights(weights), self.inputs)[-1]
        return self.loss_of_outputs(z)

    def loss_of_outputs(self, z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the loss of output pre-activations of shape (…, N, d_L); shape (…)."""
        wrong = (z >= 0) != (self.targets > 0)
        fan_in = self.network.fan_in(self.network.num_layers)
        disagreements = (fan_in - self.targets * z.astype(np.float64)) / 2
        price = self.loss_weights
        total = price.errors * wrong.sum(axis=(-2, -1)) + price.margin * disagreements.sum(axis=(-2, -1))
        return np.asarray(total, dtype=np.float64)

    def accuracy(self, weights: Any) -> NDArray[np.float64]:
        """Return the fraction of (sample, output) pairs of the training data that weights get right; shape (…)."""
        return self._accuracy(weights, self.inputs, self.targets)

    def test_accuracy(self, weights: Any) -> NDArray[np.float64] | None:
        """Return the accuracy on the held-out data; None without such data."""
        if self.test_inputs is None or self.test_targets is None:
            return None
        return self._accuracy(weights, self.test_inputs, self.test_targets)

    @cached_property
    def majority_test_accuracy(self) -> float | None:
        """Return the accuracy on the held-out data of the more frequent training class of each output; None without."""
        if self.test_targets is None:
            return None
        constant = np.where((self.targets > 0).mean(axis=0) >= 1 / 2, 1, -1)
        return float((self.test_targets == constant).mean())

    def _accuracy(self, weights: Any, inputs: NDArray[np.int8], targets: NDArray[np.int8]) -> NDArray[np.float64]:
        right = self.network.forward(weights, inputs) == targets
        return np.asarray(right.mean(axis=(-2, -1)), dtype=np.float64)


def integer_prices(problem: Problem) -> tuple[int, int, float]:
    """Return the prices of an error and of a unit of margin as whole numbers, and their unit, a power of two."""
    price, unit = problem.loss_weights, problem.loss_unit
    return int(price.errors / unit), int(price.margin / unit), unit
