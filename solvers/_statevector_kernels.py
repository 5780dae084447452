"""Compiled loops over the amplitudes of one state, or of two: phases, rotations of all qubits, and tilts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import compiled

_BLOCK = 12
"""log2 of the amplitudes that are mixed together: 64 KB in double precision."""
_INNER = 10
"""log2 of those that are mixed in the first cache: 16 KB in double precision, of which there are two."""
_LANES = 4
"""log2 of the amplitudes side by side in a block of high qubits."""


@compiled()
def turn_by_level(
    states: NDArray[Any], level_of: NDArray[Any], levels: NDArray[Any], cosines: NDArray[Any], sines: NDArray[Any]
) -> float:
    product = 0.0
    if len(states) == 4:
        for x in range(states.shape[1]):
            product += levels[level_of[x]] * (states[2, x] * states[1, x] - states[3, x] * states[0, x])
    for row in range(0, len(states), 2):
        real, imaginary = states[row], states[row + 1]
        for x in range(len(real)):
            c, s = cosines[level_of[x]], sines[level_of[x]]
            real[x], imaginary[x] = c * real[x] - s * imaginary[x], s * real[x] + c * imaginary[x]
    return product


@compiled()
def turn(states: NDArray[Any], energies: NDArray[Any], gamma: float) -> float:
    product = 0.0
    if len(states) == 4:
        for x in range(len(energies)):
            product += energies[x] * (states[2, x] * states[1, x] - states[3, x] * states[0, x])
    for x in range(len(energies)):
        c, s = np.cos(gamma * energies[x]), -np.sin(gamma * energies[x])
        for row in range(0, len(states), 2):
            real, imaginary = states[row, x], states[row + 1, x]
            states[row, x], states[row + 1, x] = c * real - s * imaginary, s * real + c * imaginary
    return product


@compiled()
def level_weights(states: NDArray[Any], level_of: NDArray[Any], num_levels: int) -> NDArray[Any]:
    """Probability of each level."""
    weights = np.zeros(num_levels)
    for x in range(len(level_of)):
        weights[level_of[x]] += np.float64(states[0, x]) ** 2 + np.float64(states[1, x]) ** 2
    return weights


@compiled(fastmath={"contract"})
def _rotate(real: NDArray[Any], imaginary: NDArray[Any], stride: int, cosine: float, sine: float) -> None:
    """Rotate one qubit of a block."""
    re, im = real.reshape(-1, 2, stride), imaginary.reshape(-1, 2, stride)
    for row in range(re.shape[0]):
        for x in range(stride):
            ar, ai, br, bi = re[row, 0, x], im[row, 0, x], re[row, 1, x], im[row, 1, x]
            re[row, 0, x] = cosine * ar + sine * bi
            im[row, 0, x] = cosine * ai - sine * br
            re[row, 1, x] = cosine * br + sine * ai
            im[row, 1, x] = cosine * bi - sine * ar


@compiled(fastmath={"contract"})
def _rotate_two(real: NDArray[Any], imaginary: NDArray[Any], stride: int, cosine: float, sine: float) -> None:
    """Rotate the qubits of a stride and of twice that stride: half the loads and stores of two rotations."""
    re, im = real.reshape(-1, 4, stride), imaginary.reshape(-1, 4, stride)
    cc, cs, ss = cosine * cosine, cosine * sine, sine * sine
    for row in range(re.shape[0]):
        for x in range(stride):
            r0, r1, r2, r3 = re[row, 0, x], re[row, 1, x], re[row, 2, x], re[row, 3, x]
            i0, i1, i2, i3 = im[row, 0, x], im[row, 1, x], im[row, 2, x], im[row, 3, x]
            # (c − i s X) ⊗ (c − i s X) = c² − i c s (X_1 + X_2) − s² X_1 X_2
            near_r, near_i, far_r, far_i = cs * (r1 + r2), cs * (i1 + i2), cs * (r0 + r3), cs * (i0 + i3)
            re[row, 0, x], im[row, 0, x] = cc * r0 + near_i - ss * r3, cc * i0 - near_r - ss * i3
            re[row, 3, x], im[row, 3, x] = cc * r3 + near_i - ss * r0, cc * i3 - near_r - ss * i0
            re[row, 1, x], im[row, 1, x] = cc * r1 + far_i - ss * r2, cc * i1 - far_r - ss * i2
            re[row, 2, x], im[row, 2, x] = cc * r2 + far_i - ss * r1, cc * i2 - far_r - ss * i1


@compiled()
def _rotate_above(real: NDArray[Any], imaginary: NDArray[Any], stride: int, cosine: float, sine: float) -> None:
    """Rotate all qubits of a block from a stride up."""
    while 4 * stride <= len(real):
        _rotate_two(real, imaginary, stride, cosine, sine)
        stride *= 4
    if 2 * stride <= len(real):
        _rotate(real, imaginary, stride, cosine, sine)


@compiled(fastmath={"contract", "reassoc"})
def _flips(ar: NDArray[Any], ai: NDArray[Any], br: NDArray[Any], bi: NDArray[Any], stride: int) -> float:
    """Im ⟨b|X|a⟩ of a block, for the qubit of a stride."""
    ar, ai = ar.reshape(-1, 2, stride), ai.reshape(-1, 2, stride)
    br, bi = br.reshape(-1, 2, stride), bi.reshape(-1, 2, stride)
    product = 0.0
    for row in range(ar.shape[0]):
        for x in range(stride):
            product += br[row, 0, x] * ai[row, 1, x] - bi[row, 0, x] * ar[row, 1, x]
            product += br[row, 1, x] * ai[row, 0, x] - bi[row, 1, x] * ar[row, 0, x]
    return product


@compiled(fastmath={"contract", "reassoc"})
def _flips_two(ar: NDArray[Any], ai: NDArray[Any], br: NDArray[Any], bi: NDArray[Any], stride: int) -> float:
    """Im ⟨b|X_1 + X_2|a⟩ of a block, for the qubits of a stride and of twice that stride.

    Each of the states 0 and 3 of two qubits is one flip from both 1 and 2.
    """
    ar, ai = ar.reshape(-1, 4, stride), ai.reshape(-1, 4, stride)
    br, bi = br.reshape(-1, 4, stride), bi.reshape(-1, 4, stride)
    product = 0.0
    for row in range(ar.shape[0]):
        for x in range(stride):
            even_r, even_i = br[row, 0, x] + br[row, 3, x], bi[row, 0, x] + bi[row, 3, x]
            odd_r, odd_i = br[row, 1, x] + br[row, 2, x], bi[row, 1, x] + bi[row, 2, x]
            product += even_r * (ai[row, 1, x] + ai[row, 2, x]) - even_i * (ar[row, 1, x] + ar[row, 2, x])
            product += odd_r * (ai[row, 0, x] + ai[row, 3, x]) - odd_i * (ar[row, 0, x] + ar[row, 3, x])
    return product


@compiled()
def _flips_above(ar: NDArray[Any], ai: NDArray[Any], br: NDArray[Any], bi: NDArray[Any], stride: int) -> float:
    """Im ⟨b|Σ X|a⟩ of a block, over all its qubits from a stride up."""
    product = 0.0
    while 4 * stride <= len(ar):
        product += _flips_two(ar, ai, br, bi, stride)
        stride *= 4
    if 2 * stride <= len(ar):
        product += _flips(ar, ai, br, bi, stride)
    return product


@compiled()
def _rotate_states(states: NDArray[Any], start: int, stop: int, stride: int, cosine: float, sine: float) -> float:
    """Rotate all qubits of a block from a stride up, in one state or in two; of two, return Im ⟨second|Σ X|first⟩.

    X commutes with the rotations, so that the product is the same before and after.
    """
    product = 0.0
    if len(states) == 4:
        a, b, c, d = states[0, start:stop], states[1, start:stop], states[2, start:stop], states[3, start:stop]
        product = _flips_above(a, b, c, d, stride)
    for row in range(0, len(states), 2):
        _rotate_above(states[row, start:stop], states[row + 1, start:stop], stride, cosine, sine)
    return product


@compiled()
def mix(states: NDArray[Any], cosine: float, sine: float) -> float:
    """Rotate all qubits, a group at a time; of two states, return Im ⟨second|Σ_q X_q|first⟩.

    A group of qubits is gathered into a block in which they have the long strides, for short ones cannot use vectors:
    for the lowest qubits that is the transposed block, for others the rows that they tell apart.
    """
    num_rows, size = states.shape
    block, inner = min(size, 1 << _BLOCK), min(size, 1 << _INNER)
    side = min(inner, 1 << _LANES)
    other = inner // side
    gathered = np.empty((num_rows, block), states.dtype)
    product = 0.0
    first_place: Any = np.int64(0)  # a literal 0 would be a type of its own, for which all below is compiled once more
    for start in range(0, size, block):
        for corner in range(start, start + block, inner):
            product += _rotate_states(states, corner, corner + inner, side, cosine, sine)
            for row in range(num_rows):
                _transpose(states[row, corner : corner + inner], gathered[row, :inner], other, side)
            product += _rotate_states(gathered, first_place, inner, other, cosine, sine)
            for row in range(num_rows):
                _transpose(gathered[row, :inner], states[row, corner : corner + inner], side, other)
        product += _rotate_states(states, start, start + block, inner, cosine, sine)
    lanes = 1 << _LANES
    first = block
    while first < size:
        rows = min(block // lanes, size // first)  # amplitudes along the group of qubits
        for outer in range(0, size, first * rows):
            for corner in range(outer, outer + first, lanes):
                _gather(states, gathered, corner, first, rows)
                product += _rotate_states(gathered, first_place, rows * lanes, lanes, cosine, sine)
                _scatter(gathered, states, corner, first, rows)
        first *= rows
    return product


@compiled()
def _gather(states: NDArray[Any], gathered: NDArray[Any], corner: int, stride: int, rows: int) -> None:
    """Copy the lanes at a corner, of `rows` rows that lie a stride apart, into one block."""
    lanes = 1 << _LANES
    for part in range(len(states)):
        for row in range(rows):
            for lane in range(lanes):
                gathered[part, row * lanes + lane] = states[part, corner + row * stride + lane]


@compiled()
def _scatter(gathered: NDArray[Any], states: NDArray[Any], corner: int, stride: int, rows: int) -> None:
    """Undo `_gather`."""
    lanes = 1 << _LANES
    for part in range(len(states)):
        for row in range(rows):
            for lane in range(lanes):
                states[part, corner + row * stride + lane] = gathered[part, row * lanes + lane]


@compiled()
def _transpose(source: NDArray[Any], target: NDArray[Any], rows: int, columns: int) -> None:
    """Write a (rows, columns) block as (columns, rows)."""
    a, b = source.reshape(rows, columns), target.reshape(columns, rows)
    for row in range(rows):
        for column in range(columns):
            b[column, row] = a[row, column]


@compiled()
def tilt(states: NDArray[Any], angles: NDArray[Any]) -> None:
    """Rotate qubit q by R_y of twice its angle: (a, b) → (c a − s b, s a + c b)."""
    for qubit in range(len(angles)):
        cosine, sine = np.cos(angles[qubit]), np.sin(angles[qubit])
        for part in range(len(states)):
            row = states[part].reshape(-1, 2, 1 << qubit)
            for outer in range(row.shape[0]):
                for x in range(row.shape[2]):
                    a, b = row[outer, 0, x], row[outer, 1, x]
                    row[outer, 0, x], row[outer, 1, x] = cosine * a - sine * b, sine * a + cosine * b
