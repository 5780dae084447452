"""Every state of a QUBO: its ground energy, how many states reach it, and the gap to the next level.

The high variables follow a Gray code: each step flips one of them, which changes the fields on the low variables by one
row of couplings. The low variables are enumerated in blocks: with fields f, a state (x_A, x_B) of the low variables has

    E = E_high + T[x_B, x_A] + Σ_A f_i x_i + Σ_B f_i x_i,

where T is a table of the couplings among low variables, made once. The least value of T + Σ_A over x_A takes one load,
one addition and one comparison per state, several states at a time; only blocks that hold something below the second
level are looked at one by one.
(F. Gray, "Pulse code communication", US patent 2632058, 1953.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.optimum.search.compiled import compiled
from bnnbench.qubo.qubo import Qubo, all_energies

LARGEST = 34
"""Variables up to which all states are visited, in some ten seconds."""
_INNER, _OUTER = 7, 5
_CHUNK = 2**6
"""Steps of the Gray code after which energies are added up anew: each step adds one `Qubo.rounding` at most."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The two lowest levels of a QUBO.

    Parameters
    ----------
    energy
        Ground energy.
    num_states
        How many states have it.
    gap
        Energy of the next level − ground energy; None if all states have the ground energy.
    states
        Ground states, int8 of shape (k, n), 0 or 1; not all if there are more than the cap.
    seconds
        Wall time.
    tolerance
        Energies that differ by at most this are one level; 0 where energies are exact.
    """

    energy: float
    num_states: int
    gap: float | None
    states: NDArray[np.int8] = field(repr=False)
    seconds: float
    tolerance: float = 0.0


def levels(
    qubo: Qubo, *, cap: int = 1000, tolerance: float | None = None, report: Callable[[float], None] | None = None
) -> Levels:
    """Visit all 2^n states of a QUBO.

    Parameters
    ----------
    cap
        How many ground states to keep.
    tolerance
        Energies that differ by at most this are one level; None: twice what rounding can do.
    report
        Called now and then with the fraction that is done.

    Raises
    ------
    InputError
        If there are more than 34 variables.
    """
    n = qubo.num_variables
    if n > LARGEST:
        raise InputError(
            f"a QUBO of {n} variables has 2^{n} states, and 2^{LARGEST} are the most that are enumerated; "
            "use a smaller problem, or a solver with a proof."
        )
    start = time.perf_counter()
    tolerance = 2 * (1 + _CHUNK) * qubo.rounding if tolerance is None else tolerance
    matrix = qubo.symmetric()
    inner = min(_INNER, n)
    low = min(_INNER + _OUTER, n)
    table = all_energies(np.zeros(low), matrix[:low, :low]).reshape(-1, 1 << inner)
    found, numbers = np.array([np.inf, np.inf]), np.zeros(cap, dtype=np.int64)
    count = 0
    num_steps = 1 << (n - low)
    for first in range(0, num_steps, _CHUNK):
        last = min(first + _CHUNK, num_steps)
        count = _visit(qubo.linear, matrix, table, qubo.offset, first, last, tolerance, found, count, numbers)
        if report:
            report(last / num_steps)
    kept = numbers[: min(count, cap)]
    return Levels(
        energy=float(found[0]),
        num_states=int(count),
        gap=float(found[1] - found[0]) if np.isfinite(found[1]) else None,
        states=(kept[:, None] >> np.arange(n) & 1).astype(np.int8),
        seconds=time.perf_counter() - start,
        tolerance=tolerance,
    )


@compiled()
def _sums(fields: NDArray[Any], sums: NDArray[Any]) -> None:
    """Return Σ_i fields_i x_i of all states, by doubling."""
    sums[0] = 0.0
    for i in range(len(fields)):
        for x in range(1 << i):
            sums[x | (1 << i)] = sums[x] + fields[i]


@compiled(fastmath={"nnan", "nsz"})
def _least(row: NDArray[Any], sums: NDArray[Any]) -> float:
    """Return the least sum of two rows; the order of the comparisons is free, so that the loop runs on vectors."""
    least = np.inf
    for x in range(len(sums)):
        least = min(least, row[x] + sums[x])
    return least


@compiled()
def _visit(
    linear: NDArray[Any],
    matrix: NDArray[Any],
    table: NDArray[Any],
    offset: float,
    first: int,
    last: int,
    tolerance: float,
    found: NDArray[Any],
    count: int,
    numbers: NDArray[Any],
) -> int:
    """Visit the steps from `first` to before `last` of the Gray code over the high variables.

    `found` holds the two lowest levels; the first `count` ground states are in `numbers`, as far as they fit.
    """
    num_outer, num_inner = table.shape
    n = len(linear)
    inner, outer = 0, 0
    while 1 << inner < num_inner:
        inner += 1
    while 1 << outer < num_outer:
        outer += 1
    low = inner + outer
    fields = linear[:low].copy()
    inner_sums, outer_sums = np.empty(num_inner), np.empty(num_outer)
    high = first ^ (first >> 1)
    energy = offset
    for i in range(low, n):
        if high >> (i - low) & 1:
            energy += linear[i]
            for j in range(low, i):
                if high >> (j - low) & 1:
                    energy += matrix[i, j]
            for j in range(low):
                fields[j] += matrix[i, j]
    for step in range(first, last):
        if step > first:
            flip = 0
            while not step >> flip & 1:
                flip += 1
            i = low + flip
            sign = 1.0 - 2.0 * (high >> flip & 1)
            change = linear[i]
            for j in range(low, n):
                if high >> (j - low) & 1:
                    change += matrix[i, j]  # its own entry is 0
            energy += sign * change
            for j in range(low):
                fields[j] += sign * matrix[i, j]
            high ^= 1 << flip
        _sums(fields[:inner], inner_sums)
        _sums(fields[inner:], outer_sums)
        for block in range(num_outer):
            base = energy + outer_sums[block]
            if base + _least(table[block], inner_sums) >= found[1]:
                continue
            for x in range(num_inner):
                e = base + table[block, x] + inner_sums[x]
                if e < found[0] - tolerance:
                    found[1], found[0], count = found[0], e, 0
                elif e > found[0] + tolerance:
                    found[1] = min(found[1], e)
                    continue
                if count < len(numbers):
                    numbers[count] = (high << low) | (block << inner) | x
                count += 1
    return count
