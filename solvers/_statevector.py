r"""State vectors of QAOA, compiled by numba: a precomputed diagonal and mixers that stay in the cache.

A layer maps ψ to exp(−iβ Σ_q X_q) exp(−iγ C) ψ. The cost C is diagonal, so its 2^n values are computed once, and
their phases are looked up by level. The mixer is a rotation of each qubit,

    (a, b) → (cos β a − i sin β b, cos β b − i sin β a)

over all pairs of amplitudes that differ in that qubit. Qubits are rotated in groups for which a block of amplitudes
stays in the cache: 20 qubits cost two passes over the memory instead of 20. Real and imaginary parts are arrays of
their own, so that the inner loops run on vectors. Bit q of a state's number is variable q.

References
----------
E. Farhi, J. Goldstone and S. Gutmann, "A Quantum Approximate Optimization Algorithm", arXiv 1411.4028, 2014.
D. Lykov, R. Shaydulin, Y. Sun, Y. Alexeev and M. Pistoia, "Fast Simulation of High-Depth QAOA Circuits", SC-W 2023:
the diagonal kept in memory.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_BLOCK = 12
"""log2 of the amplitudes that are mixed together: 64 KB in double precision."""
_LANES = 4
"""log2 of the amplitudes side by side in a block of high qubits."""
_MOST_LEVELS = 2**20
_GRIDS = (1, 2**10, 2**20, 10**6)


class Simulator:
    """State vectors of one cost function.

    Parameters
    ----------
    energies
        The diagonal, (2^n,).
    scale
        Angles γ multiply energies divided by this.
    single
        Whether amplitudes have single precision: half the memory, errors near 1e-6.
    """

    def __init__(self, energies: NDArray[np.float64], scale: float = 1.0, *, single: bool = False) -> None:
        self.num_qubits = len(energies).bit_length() - 1
        self._scale = scale
        self._dtype = np.float32 if single else np.float64
        self._real = np.empty(len(energies), dtype=self._dtype)
        self._imaginary = np.empty(len(energies), dtype=self._dtype)
        self.levels, self._level_of = _by_level(energies)
        self._energies = energies if self._level_of is None else None

    def run(self, gammas: NDArray[np.float64], betas: NDArray[np.float64]) -> None:
        """Prepare the state of p layers from the uniform superposition."""
        self._real[:] = 2.0 ** (-self.num_qubits / 2)
        self._imaginary[:] = 0
        for gamma, beta in zip(gammas, betas, strict=True):
            if self._level_of is not None:
                phases = -gamma / self._scale * self.levels
                cosines, sines = np.cos(phases).astype(self._dtype), np.sin(phases).astype(self._dtype)
                _turn_by_level(self._real, self._imaginary, self._level_of, cosines, sines)
            elif self._energies is not None:
                _turn(self._real, self._imaginary, self._energies, gamma / self._scale)
            cosine, sine = np.array([np.cos(beta), np.sin(beta)], dtype=self._dtype)
            _mix(self._real, self._imaginary, cosine, sine)

    def probabilities(self) -> NDArray[np.float64]:
        """|ψ|² of all states, float64 of shape (2^n,)."""
        return np.asarray(self._real.astype(np.float64) ** 2 + self._imaginary.astype(np.float64) ** 2)

    def value(self, share: float = 1.0) -> float:
        """Mean energy of the best `share` of the probability (CVaR); 1 is the expectation.

        Barkoutsos et al., "Improving Variational Quantum Optimization using CVaR", Quantum 4, 2020.
        """
        if self._level_of is not None:
            levels = self.levels
            weights = _weights(self._real, self._imaginary, self._level_of, len(levels))
        else:
            order = np.argsort(self._energies) if share < 1 else slice(None)  # type: ignore[arg-type]
            levels, weights = self._energies[order], self.probabilities()[order]  # type: ignore[index]
        weights = weights / weights.sum()
        if share < 1:
            before = np.cumsum(weights) - weights
            weights = np.clip(share - before, 0, weights) / share
        return float(weights @ levels)

    def draw(self, num_reads: int, random: np.random.Generator) -> NDArray[np.int8]:
        """Measure: int8 of shape (num_reads, n), 0 or 1."""
        cumulative = np.cumsum(self.probabilities())
        states = np.searchsorted(cumulative, random.random(num_reads) * cumulative[-1], side="right")
        states = np.minimum(states, len(cumulative) - 1)
        return np.asarray(states[:, None] >> np.arange(self.num_qubits) & 1, dtype=np.int8)


def _by_level(energies: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
    """Equidistant levels and the level of each state, if the energies lie on a grid that is coarse enough."""
    lowest = float(energies.min())
    for grid in _GRIDS:
        scaled = (energies - lowest) * grid
        whole = np.rint(scaled)
        if whole.max() < _MOST_LEVELS and np.abs(scaled - whole).max() < 1e-6:
            return lowest + np.arange(int(whole.max()) + 1) / grid, whole.astype(np.int32)
    return np.zeros(0), None


@numba.njit(cache=True, nogil=True)
def _turn_by_level(
    real: NDArray[Any], imaginary: NDArray[Any], level_of: NDArray[Any], cosines: NDArray[Any], sines: NDArray[Any]
) -> None:
    for x in range(len(real)):
        c, s = cosines[level_of[x]], sines[level_of[x]]
        real[x], imaginary[x] = c * real[x] - s * imaginary[x], s * real[x] + c * imaginary[x]


@numba.njit(cache=True, nogil=True)
def _turn(real: NDArray[Any], imaginary: NDArray[Any], energies: NDArray[Any], gamma: float) -> None:
    for x in range(len(real)):
        c, s = np.cos(gamma * energies[x]), -np.sin(gamma * energies[x])
        real[x], imaginary[x] = c * real[x] - s * imaginary[x], s * real[x] + c * imaginary[x]


@numba.njit(cache=True, nogil=True)
def _weights(real: NDArray[Any], imaginary: NDArray[Any], level_of: NDArray[Any], num_levels: int) -> NDArray[Any]:
    """Probability of each level."""
    weights = np.zeros(num_levels)
    for x in range(len(real)):
        weights[level_of[x]] += np.float64(real[x]) ** 2 + np.float64(imaginary[x]) ** 2
    return weights


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
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


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
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


@numba.njit(cache=True, nogil=True)
def _rotate_above(real: NDArray[Any], imaginary: NDArray[Any], stride: int, cosine: float, sine: float) -> None:
    """Rotate all qubits of a block from a stride up."""
    while 4 * stride <= len(real):
        _rotate_two(real, imaginary, stride, cosine, sine)
        stride *= 4
    if 2 * stride <= len(real):
        _rotate(real, imaginary, stride, cosine, sine)


@numba.njit(cache=True, nogil=True)
def _mix(real: NDArray[Any], imaginary: NDArray[Any], cosine: float, sine: float) -> None:
    """Rotate all qubits, a group at a time.

    A group of qubits is gathered into a block in which they have the long strides, for short ones cannot use vectors:
    for the lowest qubits that is the transposed block, for others the rows that they tell apart.
    """
    size = len(real)
    block = min(size, 1 << _BLOCK)
    side = 1
    while side * side < block:
        side *= 2
    other = block // side
    turned_real, turned_imaginary = np.empty(block, real.dtype), np.empty(block, real.dtype)
    for start in range(0, size, block):
        part_real, part_imaginary = real[start : start + block], imaginary[start : start + block]
        _rotate_above(part_real, part_imaginary, side, cosine, sine)
        _transpose(part_real, turned_real, other, side)
        _transpose(part_imaginary, turned_imaginary, other, side)
        _rotate_above(turned_real, turned_imaginary, other, cosine, sine)
        _transpose(turned_real, part_real, side, other)
        _transpose(turned_imaginary, part_imaginary, side, other)
    lanes = 1 << _LANES
    first = block
    while first < size:
        rows = min(block // lanes, size // first)  # amplitudes along the group of qubits
        chosen_real, chosen_imaginary = turned_real[: rows * lanes], turned_imaginary[: rows * lanes]
        for outer in range(0, size, first * rows):
            re = real[outer : outer + first * rows].reshape(rows, first)
            im = imaginary[outer : outer + first * rows].reshape(rows, first)
            for corner in range(0, first, lanes):
                for row in range(rows):
                    for lane in range(lanes):
                        chosen_real[row * lanes + lane] = re[row, corner + lane]
                        chosen_imaginary[row * lanes + lane] = im[row, corner + lane]
                _rotate_above(chosen_real, chosen_imaginary, lanes, cosine, sine)
                for row in range(rows):
                    for lane in range(lanes):
                        re[row, corner + lane] = chosen_real[row * lanes + lane]
                        im[row, corner + lane] = chosen_imaginary[row * lanes + lane]
        first *= rows


@numba.njit(cache=True, nogil=True)
def _transpose(source: NDArray[Any], target: NDArray[Any], rows: int, columns: int) -> None:
    """Write a (rows, columns) block as (columns, rows)."""
    a, b = source.reshape(rows, columns), target.reshape(columns, rows)
    for row in range(rows):
        for column in range(columns):
            b[column, row] = a[row, column]
