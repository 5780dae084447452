"""QUBOs of a problem with half-integer losses, an offset, and prices of violations from tiny to huge."""

from __future__ import annotations

import numpy as np

from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.qubo.qubo import Qubo

PENALTIES = (1e-7, 1e-3, 2.0, 50.1, 1e7)


def penalized(penalty: float) -> Qubo:
    """Return a QUBO of nine variables, losses in 1/16, and an offset."""
    problem = load_problem("random_data", widths=[3, 1], samples=3, loss="zero_one_margin")
    return compile_problem(problem, "compact", penalty=penalty).qubo


def all_states(qubo: Qubo) -> np.ndarray:
    """Return all 2^n states, or 200 random ones of more than ten variables: (k, n)."""
    n = qubo.num_variables
    if n <= 10:
        return (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return np.random.default_rng(0).integers(0, 2, size=(200, n))


def assert_same_energies(read: np.ndarray, qubo: Qubo, states: np.ndarray) -> None:
    """Compare to twelve digits of the largest energy."""
    expected = qubo.energies(states)
    assert np.abs(read - expected).max() <= 1e-12 * np.abs(expected).max()
