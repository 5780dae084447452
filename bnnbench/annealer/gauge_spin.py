"""A spin that carries the biases: a QUBO as couplings alone, for anneals that take no biases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.qubo.qubo import Qubo, make_qubo


def without_biases(qubo: Qubo) -> Qubo:
    """Return a QUBO over one more bit, the last, of which the spin form has no biases.

    In spins, ``Σ h_i s_i + Σ J_ij s_i s_j`` becomes ``Σ h_i s_i g + Σ J_ij s_i s_j``: the energy for g = +1, and the
    energy of all spins flipped for g = −1. So every state of the QUBO occurs twice.
    """
    n = qubo.num_variables
    couplings = qubo.couplings / 4
    biases = qubo.linear / 2
    biases += np.bincount(qubo.rows, couplings, n) + np.bincount(qubo.cols, couplings, n)
    offset = qubo.offset + qubo.linear.sum() / 2 + couplings.sum()
    used = np.flatnonzero(biases).astype(np.int32)
    rows, cols = np.concatenate([qubo.rows, used]), np.concatenate([qubo.cols, np.full(len(used), n, dtype=np.int32)])
    sizes = np.concatenate([couplings, biases[used]])
    # A product of spins is 1 − 2 a − 2 b + 4 ab of its bits.
    linear = -2 * (np.bincount(rows, sizes, n + 1) + np.bincount(cols, sizes, n + 1))
    return make_qubo(linear, rows, cols, 4 * sizes, float(offset + sizes.sum()))


def without_gauge_spin(bits: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return bits of the QUBO for bits of `without_biases`: all are flipped where the last one is 0."""
    return bits[:, :-1] ^ (1 - bits[:, -1:])


def means_without_gauge_spin(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means of chains of the QUBO for those of `without_biases`: turned over where that of the last is below ½.

    A chain of the last bit that is split in halves counts as 1.
    """
    return np.where(means[:, -1:] < 0.5, 1 - means[:, :-1], means[:, :-1])
