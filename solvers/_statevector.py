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

import numpy as np
from numpy.typing import NDArray

from . import _statevector_kernels as kernels

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
            kernels.tilt(self._states[:2], self._tilts)

    def turn(self, gamma: float) -> None:
        """Apply exp(−iγ C / scale)."""
        self._turn(self._states[:2], gamma)

    def mix(self, beta: float) -> None:
        """Apply exp(−iβ Σ_q X_q)."""
        self._mix(self._states[:2], beta)

    def _turn(self, states: NDArray[Any], gamma: float) -> float:
        """Turn one or two states; of two, return Im ⟨second|C|first⟩."""
        if self._level_of is None:
            return float(kernels.turn(states, self.energies, gamma / self._scale))
        phases = -gamma / self._scale * self.levels
        cosines, sines = np.cos(phases).astype(states.dtype), np.sin(phases).astype(states.dtype)
        return float(kernels.turn_by_level(states, self._level_of, self.levels, cosines, sines))

    def _mix(self, states: NDArray[Any], beta: float) -> float:
        """Mix one or two states; of two, return Im ⟨second|Σ_q X_q|first⟩."""
        cosine, sine = np.array([np.cos(beta), np.sin(beta)], dtype=states.dtype)
        if self._tilts is None:
            return float(kernels.mix(states, cosine, sine))
        kernels.tilt(states, -self._tilts)
        product = kernels.mix(states, cosine, sine)
        kernels.tilt(states, self._tilts)
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
            weights = kernels.level_weights(self._states, self._level_of, len(levels))
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
