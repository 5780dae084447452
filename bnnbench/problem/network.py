"""The network: shapes and the forward pass, nothing learned."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.hashing import content_hash


@dataclass(frozen=True)
class Network:
    r"""A fully connected binary network with widths d_0 → d_1 → … → d_L.

    A neuron of layer l computes ``z = Σ_i w_i a_i`` and ``a = sgn(z)``, with weights and activations in {−1, +1} and
    sgn(0) = +1. A bias is one more weight, last in its neuron, on a constant input of +1. Weights form a vector,
    layer by layer, neuron by neuron, bias last: int8 of shape (…, `num_weights`).

    Parameters
    ----------
    widths
        d_0, …, d_L, each at least 1; at least two of them.
    bias
        Whether every neuron has a bias weight.

    Raises
    ------
    InputError
        If the widths do not describe a network.
    """

    widths: tuple[int, ...]
    bias: bool = False

    def __post_init__(self) -> None:
        try:
            widths = tuple(int(width) for width in self.widths)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"network: widths must be whole numbers, but {self.widths!r} came.") from None
        given = list(self.widths)
        if len(widths) < 2 or min(widths) < 1 or list(widths) != given or any(isinstance(w, bool) for w in given):
            raise InputError(
                f"network: widths must be two or more whole numbers of at least 1, but {given} came; "
                "write Network((7, 3, 1)) for 7 inputs, 3 hidden neurons and 1 output."
            )
        if not isinstance(self.bias, (bool, np.bool_)):
            raise InputError(f"network: bias must be True or False, but {self.bias!r} came.")
        object.__setattr__(self, "widths", widths)
        object.__setattr__(self, "bias", bool(self.bias))

    def __str__(self) -> str:
        return "-".join(map(str, self.widths)) + ("+bias" if self.bias else "")

    @property
    def num_layers(self) -> int:
        """L, the number of layers with weights."""
        return len(self.widths) - 1

    @property
    def num_inputs(self) -> int:
        """d_0."""
        return self.widths[0]

    @property
    def num_outputs(self) -> int:
        """d_L."""
        return self.widths[-1]

    @property
    def num_weights(self) -> int:
        """Length of a weight vector: Σ_l d_l m_l."""
        return sum(self.widths[layer] * self.fan_in(layer) for layer in range(1, self.num_layers + 1))

    @property
    def hash(self) -> str:
        """Content hash."""
        return content_hash("network", {"widths": self.widths, "bias": self.bias})

    def fan_in(self, layer: int) -> int:
        """Return m_l, the number of weights of a neuron of layer l = 1, …, L, its bias included."""
        return self.widths[layer - 1] + self.bias

    def offset(self, layer: int) -> int:
        """Return the place in the weight vector of the first weight of a layer."""
        return sum(self.widths[below] * self.fan_in(below) for below in range(1, layer))

    def layer_weights(self, weights: NDArray[Any], layer: int) -> NDArray[Any]:
        """View of one layer's weights, shape (…, d_l, m_l)."""
        width, fan_in, start = self.widths[layer], self.fan_in(layer), self.offset(layer)
        return weights[..., start : start + width * fan_in].reshape(*weights.shape[:-1], width, fan_in)

    def check_weights(self, weights: Any) -> NDArray[np.int8]:
        """Return `weights` as an int8 array of shape (…, `num_weights`) of −1 and +1, or raise `InputError`."""
        array = as_array(weights, f"network {self}: weights")
        if array.ndim == 0 or array.shape[-1] != self.num_weights:
            raise InputError(
                f"network {self}: weights must have shape (…, {self.num_weights}), but shape {array.shape} came."
            )
        return check_spins(array, f"network {self}: weights")

    def check_inputs(self, inputs: Any) -> NDArray[np.int8]:
        """Return `inputs` as an int8 array of shape (N, d_0) of −1 and +1, or raise `InputError`."""
        return check_table(inputs, self.num_inputs, f"network {self}: inputs")

    def layers(self, weights: NDArray[np.int8], inputs: NDArray[np.int8]) -> list[NDArray[np.float32]]:
        """Return pre-activations z of every layer, float32 integers, shapes (…, N, d_l); arguments are not checked."""
        # float32 goes through BLAS and is exact below 2^24, far above any fan-in.
        activation = inputs.astype(np.float32)
        result = []
        for layer in range(1, self.num_layers + 1):
            matrix = self.layer_weights(weights, layer).astype(np.float32)
            z = activation @ np.swapaxes(matrix[..., : self.widths[layer - 1]], -1, -2)
            if self.bias:
                z = z + matrix[..., None, :, -1]
            result.append(z)
            activation = np.where(z >= 0, np.float32(1), np.float32(-1))
        return result

    def forward(self, weights: Any, inputs: Any) -> NDArray[np.int8]:
        """Return the outputs sgn(z_L) of the network.

        Parameters
        ----------
        weights
            −1 or +1, shape (…, `num_weights`).
        inputs
            −1 or +1, shape (N, d_0).

        Returns
        -------
        ndarray of int8
            −1 or +1, shape (…, N, d_L).

        Raises
        ------
        InputError
            If a shape or a value is wrong.
        """
        z = self.layers(self.check_weights(weights), self.check_inputs(inputs))[-1]
        return np.where(z >= 0, 1, -1).astype(np.int8)


def as_array(values: Any, what: str) -> NDArray[Any]:
    """Return `values` as an array; numbers that came as objects, such as nullable ones of pandas, become numbers.

    Raises
    ------
    InputError
        If rows differ in length, or an entry is masked.
    """
    rows = values if isinstance(values, (list, tuple)) else ()
    if any(isinstance(row, np.ma.MaskedArray) for row in rows):
        values = np.ma.stack(rows)
    if np.ma.is_masked(values):
        place = ", ".join(str(index) for index in np.argwhere(np.ma.getmaskarray(values))[0])
        raise InputError(f"{what} must be complete, but entry ({place}) is masked; fill it, or leave its row out.")
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(
            f"{what} must be an array, but rows of different lengths came; make them equally long."
        ) from None
    if array.dtype == object and array.size and all(map(_is_real, array.flat)):
        return array.astype(np.float64)
    return array


def _is_real(value: Any) -> bool:
    known = isinstance(value, (int, float, np.integer, np.floating, Fraction, Decimal))
    return known and type(value) is not bool and abs(value) < 2**53


def check_spins(array: NDArray[Any], what: str) -> NDArray[np.int8]:
    """Return `array` as int8, or raise `InputError` that names the first value other than −1 and +1."""
    valid = (array == -1) | (array == 1) if array.dtype.kind in "iuf" else np.zeros(array.shape, dtype=bool)
    if not valid.all():
        if array.dtype == object:  # name what is no number, and not a number beside it
            valid = np.array([_is_real(value) and value in (-1, 1) for value in array.flat]).reshape(array.shape)
        place = tuple(int(i) for i in np.argwhere(~valid)[0])
        value = array[place].item() if isinstance(array[place], np.generic) else array[place]
        row = f"sample {place[0]}" if len(place) > 1 else f"entry {place[0] if place else 0}"
        raise InputError(
            f"{what} must be −1 or +1, but {row} has {value!r}; encode two levels as −1 and +1 first, "
            "for example with numpy.where(levels == high, 1, -1)."
        )
    return array.astype(np.int8)


def check_table(values: Any, columns: int, what: str) -> NDArray[np.int8]:
    """Return `values` as an int8 array of shape (N, `columns`), N ≥ 1, of −1 and +1, or raise `InputError`."""
    array = as_array(values, what)
    if array.ndim != 2 or array.shape[1] != columns or array.shape[0] < 1:
        raise InputError(f"{what} must have shape (N, {columns}) with N ≥ 1, but shape {array.shape} came.")
    return check_spins(array, what)
