"""Simulated bifurcation of an Ising model, compiled by numba: classical oscillators that settle at −1 or +1.

Each spin is a position x with a momentum y. While the pump a grows from 0 to 1, a symplectic Euler step is

    ẏ_i = −(1 − a) x_i + c f_i,    ẋ_i = y_i,    f_i = −(h_i + Σ_j J_ij s_j),

and whatever passes a wall at ±1 stops there. In the ballistic variant s = x, in the discrete one s = sgn(x). Following
the authors, c is half the reciprocal of the root mean square force, which is here that of random spins:
√(Σ_i h_i² + Σ_{i≠j} J_ij²) / √n.

References
----------
H. Goto, K. Endo, M. Suzuki, Y. Sakai, T. Kanao, Y. Hamakawa, R. Hidaka, M. Yamasaki and K. Tatsumura,
"High-performance combinatorial optimization based on classical mechanics", Science Advances 7, 2021.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from bnnbench.optimum.search.compiled import compiled
from bnnbench.qubo.qubo import Qubo

START = 0.1
"""Positions and momenta begin uniformly between −START and +START."""


class Oscillators:
    """The Ising model of a QUBO as couplings and fields of unit force."""

    def __init__(self, qubo: Qubo) -> None:
        n = qubo.num_variables
        # x = (1 + σ)/2: J_ij = Q_ij/4, h_i = linear_i/2 + Σ_j Q_ij/4.
        half = scipy.sparse.coo_array((qubo.couplings / 4, (qubo.rows, qubo.cols)), shape=(n, n))
        couplings = scipy.sparse.csr_array(half + half.T)
        fields = qubo.linear / 2 + couplings.sum(axis=1)
        force = np.sqrt((couplings.data @ couplings.data + fields @ fields) / n)
        scale = -0.5 / force if force else 0.0
        self._starts, self._columns = couplings.indptr.astype(np.int64), couplings.indices.astype(np.int64)
        self._couplings = (scale * couplings.data).astype(np.float32)
        self._fields = (scale * fields).astype(np.float32)

    def settle(
        self, num_reads: int, num_steps: int, time_step: float, random: np.random.Generator, *, discrete: bool
    ) -> NDArray[np.int8]:
        """Return bits where independent starts settle: 0 or 1, (num_reads, n)."""
        x, y = random.uniform(-START, START, (2, len(self._fields), num_reads)).astype(np.float32)
        _settle(
            self._starts, self._columns, self._couplings, self._fields, x, y, num_steps, np.float32(time_step), discrete
        )
        bits: NDArray[np.int8] = (x.T > 0).astype(np.int8)
        return bits


def warm_up() -> None:
    """Compile the kernel, or load it from numba's cache."""
    none = np.zeros(0, dtype=np.int32)
    one = Qubo(np.ones(1), none, none, np.zeros(0))
    Oscillators(one).settle(1, 1, 1.0, np.random.default_rng(0), discrete=False)


@compiled()
def _settle(
    starts: NDArray[Any],
    columns: NDArray[Any],
    couplings: NDArray[Any],
    fields: NDArray[Any],
    x: NDArray[Any],
    y: NDArray[Any],
    num_steps: int,
    time_step: Any,
    discrete: bool,
) -> None:
    """Move positions `x` and momenta `y`, (n, reads), in place; `couplings` by rows, as in a CSR matrix."""
    n, reads = x.shape
    one = np.float32(1)
    seen = np.empty_like(x)
    force = np.empty(reads, np.float32)
    for step in range(num_steps):
        restoring = np.float32(step / num_steps) - one
        for i in range(n):
            for read in range(reads):
                value = x[i, read]
                seen[i, read] = (one if value > 0 else -one) if discrete else value
        for i in range(n):
            force[:] = fields[i]
            for place in range(starts[i], starts[i + 1]):
                coupling, j = couplings[place], columns[place]
                for read in range(reads):  # side by side in one register
                    force[read] += coupling * seen[j, read]
            for read in range(reads):
                momentum = y[i, read] + time_step * (restoring * x[i, read] + force[read])
                position = x[i, read] + time_step * momentum
                if abs(position) > one:
                    position = one if position > 0 else -one
                    momentum = np.float32(0)
                x[i, read], y[i, read] = position, momentum
