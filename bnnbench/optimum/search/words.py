"""A training problem over words, and whole numbers that are exact in 64 bits; see `hidden_layer_kernel`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LARGEST_SCALE = 1 << 20
LARGEST_NUMBER = 1 << 62
"""Every whole number of the search stays below: half of what 64 bits with a sign hold."""


class Words(NamedTuple):
    """A training problem over words.

    Parameters
    ----------
    words
        Agreements, one bit per sample: uint64 (n, words).
    gains, total_gain
        What a word's agreements are worth by themselves, int64 (n,), and what agreement with all samples would be.
    needs
        Samples that need k agreements: uint64 (h + 1, words).
    lost
        Loss that is already decided.
    planes
        Weights of the samples: uint64 (bits, words).
    errors
        Price of an error.
    rates, scale
        See `bound_rates` and `score_scale`.
    """

    words: NDArray[np.uint64]
    gains: NDArray[np.int64]
    total_gain: int
    needs: NDArray[np.uint64]
    lost: int
    planes: NDArray[np.uint64]
    errors: int
    rates: NDArray[np.int64]
    scale: int


def score_scale(ceiling: int, num_picks: int) -> int:
    """Return the scale of the scores: the largest power of two, at most 2^20, with which nothing exceeds 62 bits.

    With C a loss that no setting exceeds and r ≤ h words left: lost, θ and the gains of r words are at most C each,
    target ≤ scale·C, so |required| ≤ 4 scale·C; score ≤ scale·C, so r·score ≤ h·scale·C; and no sum has more than one
    of each. For C < 2^53 and h ≤ 500 that is at least 1.
    """
    most = (num_picks + 6) * max(1, ceiling)
    return min(LARGEST_SCALE, 1 << max(0, (LARGEST_NUMBER // most).bit_length() - 1))


def bound_rates(num_picks: int, scale: int = LARGEST_SCALE) -> NDArray[np.int64]:
    """Return ρ_n for r words left, in units of 1/scale, rounded down so that n ρ_n ≤ 1: (h + 1, h + 1), by [r, n]."""
    rates = np.zeros((num_picks + 1, num_picks + 1), dtype=np.int64)
    for r in range(1, num_picks + 1):
        for n in range(1, r + 1):
            rates[r, n] = scale // n if n == r else min(scale // n, math.floor(scale * (n / r) ** 1.5 / n))
    return rates
