"""The Hamiltonian of a quantum annealer in a transverse field, its scale, and its spectral gap along the anneal.

    H(s) = −(1 − s)/2·Σ_q X_q + s/2·C/u

for a diagonal cost C of 2^n states. u is the largest coefficient of C as a polynomial of spins, so that couplings are
at most 1 in size, as an annealer scales them. Energies are in units of the annealer's energy scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import compiled

_BLOCK = 12
"""log2 of the amplitudes whose flips stay in the cache."""
_SAME = 1e-8
"""Eigenvalues closer than this are one: Lanczos' vectors lose orthogonality, and found values come back as copies."""
SAME_COST = 1e-9
"""Costs that are closer to the least one are optimal."""
_COUPLED = 1e-13
"""Least weight of a state in the start of the anneal; what has less is of another symmetry, and never reached."""


@dataclass(frozen=True, eq=False)
class GapCurve:
    """The lowest energies along an anneal.

    Attributes
    ----------
    fractions
        s of each point, float64 of shape (k,), rising; the last is 1.
    gaps
        Energy between the ground state and the lowest level that does not end as an optimum, (k,). At s = 1 that is
        half the least cost above the optimum.
    num_ground_levels
        Levels that end as an optimum: they merge at s = 1, and a passage between them does no harm.
    """

    fractions: NDArray[np.float64]
    gaps: NDArray[np.float64]
    num_ground_levels: int

    @property
    def minimum(self) -> float:
        """The least gap of the points."""
        return float(self.gaps.min())

    @property
    def at(self) -> float:
        """s of the least gap."""
        return float(self.fractions[self.gaps.argmin()])


def largest_coefficient(values: NDArray[np.float64]) -> float:
    """Return the largest coefficient, in size, of a cost as a polynomial of spins, the constant left out.

    The coefficients are the Walsh–Hadamard transform of the values, (2^n,); of a QUBO they are its fields and
    couplings. 0 for a constant.
    """
    coefficients = values.astype(np.float64)
    for qubit in range(len(values).bit_length() - 1):
        pairs = coefficients.reshape(-1, 2, 1 << qubit)
        low, high = pairs[:, 0].copy(), pairs[:, 1].copy()
        pairs[:, 0], pairs[:, 1] = low + high, low - high
    largest = np.abs(coefficients[1:]).max(initial=0.0) / len(values)
    return float(largest) if largest > 1e-12 * np.abs(values).max() else 0.0


def gap_curve(
    values: NDArray[np.float64],
    *,
    num_points: int = 25,
    tolerance: float = 1e-5,
    on_point: Callable[[int], None] = lambda _: None,
) -> GapCurve:
    """Compute the gap along a linear anneal of a cost, (2^n,), finest where it is least.

    Energies are those of the states that the uniform superposition is coupled to: Lanczos' method from that vector sees
    no others. Of degenerate optima, all levels that merge into the ground energy at s = 1 are passed over, see
    `num_ground_levels`.

    Parameters
    ----------
    num_points
        Points on a grid before s = 1; half as many again are put around the least of them, unless that is the end.
    tolerance
        Of each energy.
    on_point
        Called with the number of points that are done.

    References
    ----------
    J. K. Cullum and R. A. Willoughby, "Lanczos Algorithms for Large Symmetric Eigenvalue Computations", 1985: without
    orthogonalization.
    """
    cost = (values - values.min()) / (largest_coefficient(values) or 1.0)
    ground = num_ground_levels(cost)
    found: dict[float, float] = {}

    def visit(points: Iterable[float]) -> None:
        for s in points:
            if s not in found:
                lowest = lowest_levels(cost, s, ground + 1, tolerance)
                found[s] = lowest[-1] - lowest[0]
                on_point(len(found))

    visit(np.linspace(0, 1, num_points + 2)[1:-1].tolist())
    found[1.0] = float(cost[cost > SAME_COST].min(initial=np.inf)) / 2
    while len(found) <= num_points + num_points // 2:
        order = sorted(found)
        place = order.index(min(found, key=lambda s: found[s]))
        if order[place] == 1:
            break
        left, right = order[max(place - 1, 0)], order[place + 1]
        visit({(order[place] + left) / 2, (order[place] + right) / 2} - set(found))
    fractions = np.array(sorted(found))
    return GapCurve(fractions, np.array([found[s] for s in fractions]), ground)


def lowest_levels(cost: NDArray[np.float64], s: float, num_levels: int, tolerance: float) -> NDArray[np.float64]:
    """Return the lowest distinct energies of H(s) that the uniform superposition is coupled to, (num_levels,).

    The Krylov space grows until they change by less than `tolerance`, or until it is complete.
    """
    from scipy.linalg import eigh_tridiagonal

    lanczos = _Lanczos(cost, s)
    before = np.full(num_levels, np.inf)
    size = 40
    while True:
        lanczos.extend(size)
        diagonal, beside = lanczos.coefficients
        energies, vectors = eigh_tridiagonal(diagonal, beside)
        levels = _distinct(energies, vectors[0] ** 2)[:num_levels]
        if len(levels) == num_levels and np.abs(levels - before).max() < tolerance:
            return levels
        if lanczos.is_complete or size > 4000:
            return np.append(levels, np.full(num_levels - len(levels), levels[-1]))
        before = np.append(levels, np.full(num_levels - len(levels), np.inf))
        size += size // 2


def _distinct(energies: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Merge copies of one eigenvalue, and leave out those of no weight in the start."""
    group = np.append(0, np.cumsum(np.diff(energies) > _SAME))
    total = np.bincount(group, weights=weights)
    first = np.append(True, np.diff(energies) > _SAME)
    return np.asarray(energies[first][total > _COUPLED])


class _Lanczos:
    """The tridiagonal matrix of H(s) in the Krylov space of the uniform superposition; it can be extended."""

    def __init__(self, cost: NDArray[np.float64], s: float) -> None:
        self._cost, self._s = cost, s
        self._vector = np.full(len(cost), len(cost) ** -0.5)
        self._previous = np.zeros_like(self._vector)
        self._diagonal: list[float] = []
        self._beside: list[float] = []
        self.is_complete = False

    @property
    def coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        size = len(self._diagonal)
        return np.array(self._diagonal), np.array(self._beside[: size - 1])

    def extend(self, size: int) -> None:
        while len(self._diagonal) < size and not self.is_complete:
            image = np.empty_like(self._vector)
            _apply(self._vector, self._cost, -(1 - self._s) / 2, self._s / 2, image)
            if self._beside:
                image -= self._beside[-1] * self._previous
            overlap = float(image @ self._vector)
            image -= overlap * self._vector
            norm = float(np.linalg.norm(image))
            self._diagonal.append(overlap)
            self._beside.append(norm)
            self.is_complete = norm < 1e-10
            if not self.is_complete:
                self._previous, self._vector = self._vector, image / norm


@compiled()
def _apply(
    vector: NDArray[np.float64], cost: NDArray[np.float64], field: float, price: float, image: NDArray[np.float64]
) -> None:
    """image = field·Σ_q X_q·vector + price·cost·vector; flips of low qubits stay in a block of the cache."""
    size = len(vector)
    block = min(size, 1 << _BLOCK)
    for start in range(0, size, block):
        part, out = vector[start : start + block], image[start : start + block]
        out[:] = 0
        stride = 1
        while stride < block:
            pairs, sums = part.reshape(-1, 2, stride), out.reshape(-1, 2, stride)
            for row in range(pairs.shape[0]):
                for x in range(stride):
                    sums[row, 0, x] += pairs[row, 1, x]
                    sums[row, 1, x] += pairs[row, 0, x]
            stride *= 2
        while stride < size:
            other = vector[start ^ stride : (start ^ stride) + block]
            for x in range(block):
                out[x] += other[x]
            stride *= 2
        for x in range(block):
            out[x] = field * out[x] + price * cost[start + x] * part[x]


def num_ground_levels(cost: NDArray[np.float64]) -> int:
    """Count the levels that merge into the ground energy at s = 1, and that the anneal's start is coupled to.

    The start is uniform, so the anneal gives equal amplitudes to states that look alike: of equal cost, with neighbors
    by one flip that look alike. Colors of all states are refined by those of their neighbors until none splits, and a
    level is counted per color of an optimum. That is no less than what is coupled.

    References
    ----------
    B. Weisfeiler and A. Leman, "The reduction of a graph to canonical form and the algebra which appears therein",
    1968: color refinement.
    """
    heights = np.round(cost - cost.min(), 9) + 0.0
    optima = heights <= SAME_COST
    colors = _scrambled(heights.view(np.uint64))
    num_colors = 0
    while num_colors < (num_colors := len(np.unique(colors))):
        around = np.zeros_like(colors)
        for qubit in range(len(cost).bit_length() - 1):
            pairs = (-1, 2, 1 << qubit)
            around.reshape(pairs)[:] += colors.reshape(pairs)[:, ::-1]
        colors = _scrambled(colors + np.uint64(2) * _scrambled(around))
    return len(np.unique(colors[optima]))


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Map numbers to others that look random, equal ones alike (the finalizer of SplitMix64)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
