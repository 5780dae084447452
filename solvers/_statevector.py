r"""State vectors of QAOA, compiled by numba: a precomputed diagonal and mixers that stay in the cache.

A layer maps ψ to exp(−iβ Σ_q X_q) exp(−iγ C) ψ. The cost C is diagonal, so its 2^n values are computed once, and
their phases are looked up by level. The mixer is a rotation of each qubit,

    (a, b) → (cos β a − i sin β b, cos β b − i sin β a)

over all pairs of amplitudes that differ in that qubit. Qubits are rotated in groups for which a block of amplitudes
stays in the cache: 20 qubits cost two passes over the memory instead of 20. Real and imaginary parts are arrays of
their own, so that the inner loops run on vectors: a state is two rows of an array, and the two states of a gradient
are four. Bit q of a state's number is variable q.

References
----------
E. Farhi, J. Goldstone and S. Gutmann, "A Quantum Approximate Optimization Algorithm", arXiv 1411.4028, 2014.
D. Lykov, R. Shaydulin, Y. Sun, Y. Alexeev and M. Pistoia, "Fast Simulation of High-Depth QAOA Circuits", SC-W 2023:
the diagonal kept in memory.
T. Jones and J. Gacon, "Efficient Calculation of Gradients in Classical Simulations of Variational Quantum Algorithms",
arXiv 2009.02823, 2020: the adjoint method.
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
    tilts
        Angles θ_q of a warm start, float64 of shape (n,): qubit q begins in cos(θ/2)|0⟩ + sin(θ/2)|1⟩, and the mixer is
        turned with it, so that this state is its ground state. None: θ = π/2, the uniform superposition. (D. J. Egger,
        J. Mareček and S. Woerner, "Warm-starting quantum optimization", Quantum 5, 2021.)
    """

    def __init__(
        self,
        energies: NDArray[np.float64],
        scale: float = 1.0,
        *,
        single: bool = False,
        tilts: NDArray[np.float64] | None = None,
    ) -> None:
        self.num_qubits = len(energies).bit_length() - 1
        self._scale = scale
        self._tilts = None if tilts is None else (tilts - np.pi / 2) / 2
        self._states = np.empty((2, len(energies)), dtype=np.float32 if single else np.float64)
        self.levels, self._level_of = _by_level(energies)
        self._energies = energies if self._level_of is None else None

    def run(self, gammas: NDArray[np.float64], betas: NDArray[np.float64]) -> None:
        """Prepare the state of p layers from the uniform superposition."""
        self.start()
        for gamma, beta in zip(gammas, betas, strict=True):
            self.turn(gamma)
            self.mix(beta)

    def start(self) -> None:
        """Prepare the uniform superposition, or the warm start."""
        self._states[0] = 2.0 ** (-self.num_qubits / 2)
        self._states[1] = 0
        if self._tilts is not None:
            _tilt(self._states[:2], self._tilts)

    def turn(self, gamma: float) -> None:
        """Apply exp(−iγ C / scale)."""
        self._turn(self._states[:2], gamma)

    def mix(self, beta: float) -> None:
        """Apply exp(−iβ Σ_q X_q)."""
        self._mix(self._states[:2], beta)

    def _turn(self, states: NDArray[Any], gamma: float) -> float:
        """Turn one or two states; of two, return Im ⟨second|C|first⟩."""
        if self._level_of is None:
            return float(_turn(states, self.energies, gamma / self._scale))
        phases = -gamma / self._scale * self.levels
        cosines, sines = np.cos(phases).astype(states.dtype), np.sin(phases).astype(states.dtype)
        return float(_turn_by_level(states, self._level_of, self.levels, cosines, sines))

    def _mix(self, states: NDArray[Any], beta: float) -> float:
        """Mix one or two states; of two, return Im ⟨second|Σ_q X_q|first⟩."""
        cosine, sine = np.array([np.cos(beta), np.sin(beta)], dtype=states.dtype)
        if self._tilts is None:
            return float(_mix(states, cosine, sine))
        _tilt(states, -self._tilts)
        product = _mix(states, cosine, sine)
        _tilt(states, self._tilts)
        return float(product)

    def gradient(
        self, gammas: NDArray[np.float64], betas: NDArray[np.float64], share: float = 1.0
    ) -> tuple[float, NDArray[np.float64]]:
        r"""Return `value` and its derivatives by all angles, γ first, float64 of shape (2p,).

        By the adjoint method: with λ = D ψ for the diagonal observable D, both states are taken back through the
        circuit, layer by layer, and

            ∂E/∂β = 2 Im ⟨λ|Σ_q X_q|ψ⟩,    ∂E/∂γ = 2 Im ⟨λ|C|ψ⟩ / scale.

        For a share below 1, D = t + min(C − t, 0) / share with the quantile t, which does not move to first order.
        """
        self.run(gammas, betas)
        value = self.value(share)
        if len(self._states) == 2:
            self._states = np.concatenate([self._states, np.empty_like(self._states)])
        self._states[2:] = self._states[:2] * self._observable(share)
        slopes = np.empty((2, len(gammas)))
        for layer in reversed(range(len(gammas))):
            slopes[1, layer] = 2 * self._mix(self._states, -betas[layer])
            slopes[0, layer] = 2 * self._turn(self._states, -gammas[layer]) / self._scale
        return value, slopes.ravel()

    def _observable(self, share: float) -> NDArray[Any]:
        """Return the diagonal whose expectation is the mean of the best `share`, (2^n,)."""
        energies = self.energies
        if share < 1:
            order = np.argsort(energies, kind="stable")
            place = np.searchsorted(np.cumsum(self.probabilities()[order]), share)
            quantile = energies[order[min(int(place), len(order) - 1)]]
            energies = quantile + np.minimum(energies - quantile, 0) / share
        return np.asarray(energies, dtype=self._states.dtype)

    @property
    def energies(self) -> NDArray[np.float64]:
        """The diagonal, (2^n,)."""
        return self.levels[self._level_of] if self._energies is None else self._energies

    def probabilities(self) -> NDArray[np.float64]:
        """|ψ|² of all states, float64 of shape (2^n,)."""
        return np.asarray((self._states[:2].astype(np.float64) ** 2).sum(axis=0))

    def probability_up_to(self, energy: float) -> float:
        """Probability that a measurement gives an energy of at most `energy`."""
        return float(self.probabilities()[self.energies <= energy].sum())

    def value(self, share: float = 1.0) -> float:
        """Mean energy of the best `share` of the probability (CVaR); 1 is the expectation.

        Barkoutsos et al., "Improving Variational Quantum Optimization using CVaR", Quantum 4, 2020.
        """
        if self._level_of is not None:
            levels = self.levels
            weights = _weights(self._states, self._level_of, len(levels))
        else:
            order = np.argsort(self._energies) if share < 1 else slice(None)  # type: ignore[arg-type]
            levels, weights = self._energies[order], self.probabilities()[order]  # type: ignore[index]
        weights = weights / weights.sum()
        if share < 1:
            before = np.cumsum(weights) - weights
            weights = np.clip(share - before, 0, weights) / share
        return float(weights @ levels)

    def draw_states(self, num_reads: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Measure all qubits; return the numbers of the states, (num_reads,)."""
        cumulative = np.cumsum(self.probabilities())
        states = np.searchsorted(cumulative, random.random(num_reads) * cumulative[-1], side="right")
        return np.asarray(np.minimum(states, len(cumulative) - 1), dtype=np.int64)


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


@numba.njit(cache=True, nogil=True)
def _turn(states: NDArray[Any], energies: NDArray[Any], gamma: float) -> float:
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


@numba.njit(cache=True, nogil=True)
def _weights(states: NDArray[Any], level_of: NDArray[Any], num_levels: int) -> NDArray[Any]:
    """Probability of each level."""
    weights = np.zeros(num_levels)
    for x in range(len(level_of)):
        weights[level_of[x]] += np.float64(states[0, x]) ** 2 + np.float64(states[1, x]) ** 2
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


@numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
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


@numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
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


@numba.njit(cache=True, nogil=True)
def _flips_above(ar: NDArray[Any], ai: NDArray[Any], br: NDArray[Any], bi: NDArray[Any], stride: int) -> float:
    """Im ⟨b|Σ X|a⟩ of a block, over all its qubits from a stride up."""
    product = 0.0
    while 4 * stride <= len(ar):
        product += _flips_two(ar, ai, br, bi, stride)
        stride *= 4
    if 2 * stride <= len(ar):
        product += _flips(ar, ai, br, bi, stride)
    return product


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _mix(states: NDArray[Any], cosine: float, sine: float) -> float:
    """Rotate all qubits, a group at a time; of two states, return Im ⟨second|Σ_q X_q|first⟩.

    A group of qubits is gathered into a block in which they have the long strides, for short ones cannot use vectors:
    for the lowest qubits that is the transposed block, for others the rows that they tell apart.
    """
    num_rows, size = states.shape
    block = min(size, 1 << _BLOCK)
    side = 1
    while side * side < block:
        side *= 2
    other = block // side
    gathered = np.empty((num_rows, block), states.dtype)
    product = 0.0
    for start in range(0, size, block):
        product += _rotate_states(states, start, start + block, side, cosine, sine)
        for row in range(num_rows):
            _transpose(states[row, start : start + block], gathered[row], other, side)
        product += _rotate_states(gathered, 0, block, other, cosine, sine)
        for row in range(num_rows):
            _transpose(gathered[row], states[row, start : start + block], side, other)
    lanes = 1 << _LANES
    first = block
    while first < size:
        rows = min(block // lanes, size // first)  # amplitudes along the group of qubits
        for outer in range(0, size, first * rows):
            for corner in range(outer, outer + first, lanes):
                _gather(states, gathered, corner, first, rows)
                product += _rotate_states(gathered, 0, rows * lanes, lanes, cosine, sine)
                _scatter(gathered, states, corner, first, rows)
        first *= rows
    return product


@numba.njit(cache=True, nogil=True)
def _gather(states: NDArray[Any], gathered: NDArray[Any], corner: int, stride: int, rows: int) -> None:
    """Copy the lanes at a corner, of `rows` rows that lie a stride apart, into one block."""
    lanes = 1 << _LANES
    for part in range(len(states)):
        for row in range(rows):
            for lane in range(lanes):
                gathered[part, row * lanes + lane] = states[part, corner + row * stride + lane]


@numba.njit(cache=True, nogil=True)
def _scatter(gathered: NDArray[Any], states: NDArray[Any], corner: int, stride: int, rows: int) -> None:
    """Undo `_gather`."""
    lanes = 1 << _LANES
    for part in range(len(states)):
        for row in range(rows):
            for lane in range(lanes):
                states[part, corner + row * stride + lane] = gathered[part, row * lanes + lane]


@numba.njit(cache=True, nogil=True)
def _transpose(source: NDArray[Any], target: NDArray[Any], rows: int, columns: int) -> None:
    """Write a (rows, columns) block as (columns, rows)."""
    a, b = source.reshape(rows, columns), target.reshape(columns, rows)
    for row in range(rows):
        for column in range(columns):
            b[column, row] = a[row, column]


@numba.njit(cache=True, nogil=True)
def _tilt(states: NDArray[Any], angles: NDArray[Any]) -> None:
    """Rotate qubit q by R_y of twice its angle: (a, b) → (c a − s b, s a + c b)."""
    for qubit in range(len(angles)):
        cosine, sine = np.cos(angles[qubit]), np.sin(angles[qubit])
        for part in range(len(states)):
            row = states[part].reshape(-1, 2, 1 << qubit)
            for outer in range(row.shape[0]):
                for x in range(row.shape[2]):
                    a, b = row[outer, 0, x], row[outer, 1, x]
                    row[outer, 0, x], row[outer, 1, x] = cosine * a - sine * b, sine * a + cosine * b
