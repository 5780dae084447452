r"""Parallel tempering of spins with isoenergetic cluster moves; compiled by numba.

A walker has spins s, energy E and local fields :math:`f_i = h_i + \sum_j J_{ij} s_j`: flipping spin i changes the
energy by :math:`-2 s_i f_i`, so a proposal that is rejected costs no more than a look at its field.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.flip_anneal import next_word
from bnnbench.optimum.search.compiled import copy, kernel, part
from bnnbench.qubo.qubo import Qubo

DENSE = 0.2
"""Share of couplings other than zero above which rows of a matrix are faster than lists of neighbors."""
MAX_DENSE = 4096
"""Variables up to which a matrix is made, of 128 MiB."""
_SURE = 40.0
"""Increases of β E of which none is accepted in the life of a machine."""


class Spins(NamedTuple):
    """An Ising model: ``E(s) = offset + Σ h_i s_i + Σ_{i<j} J_ij s_i s_j``.

    Attributes
    ----------
    biases
        h, of shape (n,); single precision where that is exact, else double, as all numbers here.
    starts, neighbors, couplings
        The symmetric 2 J by rows: those of i are at ``starts[i]`` to ``starts[i + 1]``.
    matrix
        2 J, (n, n), where it is dense; else of shape (0, 0).
    """

    biases: NDArray[np.floating]
    starts: NDArray[np.int64]
    neighbors: NDArray[np.int32]
    couplings: NDArray[np.floating]
    matrix: NDArray[np.floating]


class Walkers(NamedTuple):
    """The walkers: of each of two copies one per temperature, (2·temperatures, …), and the best state of all.

    Attributes
    ----------
    spins, fields, energies
        Of each walker: (walkers, n), (walkers, n) in the precision of the model, (walkers,) without the offset.
    places
        The walker of a copy at a temperature, (copies, temperatures).
    cluster
        Memory for a cluster: its spins, and marks of those that differ between two walkers, (2, n).
    best, least
        Spins of the least energy so far, (n,), and that energy, (1,).
    state
        Random generator, (2,).
    """

    spins: NDArray[np.int8]
    fields: NDArray[np.floating]
    energies: NDArray[np.float64]
    places: NDArray[np.int64]
    cluster: NDArray[np.int64]
    best: NDArray[np.int8]
    least: NDArray[np.float64]
    state: NDArray[np.uint64]


def spins_of(qubo: Qubo) -> Spins:
    """Return a QUBO as an Ising model, s = 2·bit − 1, without its offset."""
    import scipy.sparse

    n = qubo.num_variables
    twice = scipy.sparse.csr_array(qubo.upper + qubo.upper.T) / 2
    biases = (qubo.linear + twice.sum(axis=1)) / 2
    is_dense = n <= MAX_DENSE and twice.nnz > DENSE * n * n
    matrix = twice.toarray() if is_dense else np.zeros((0, 0))
    precision = np.float32 if _is_single(np.concatenate([biases, twice.data])) else np.float64
    starts, neighbors = twice.indptr.astype(np.int64), twice.indices.astype(np.int32)
    return Spins(biases.astype(precision), starts, neighbors, twice.data.astype(precision), matrix.astype(precision))


def _is_single(coefficients: NDArray[np.float64]) -> bool:
    """Return whether sums of coefficients are exact in single precision: multiples of 1/16 of less than 2^24 steps."""
    steps = coefficients * 16
    return bool(np.all(steps == np.rint(steps))) and float(np.abs(steps).sum()) < 2**24


def make_walkers(model: Spins, copies: int, temperatures: int, state: NDArray[np.uint64]) -> Walkers:
    """Return memory for walkers, whose states `temper` draws."""
    n, count = len(model.biases), copies * temperatures
    return Walkers(
        np.ones((count, n), dtype=np.int8),
        np.zeros((count, n), dtype=model.biases.dtype),
        np.zeros(count),
        np.arange(count).reshape(copies, temperatures),
        np.zeros((2, n), dtype=np.int64),
        np.ones(n, dtype=np.int8),
        np.full(1, np.inf),
        state,
    )


@part
def _uniform(state: NDArray[np.uint64]) -> float:
    """Draw a number from [0, 1)."""
    number: float = (next_word(state) >> np.uint64(11)) * 2.0**-53
    return number


@part
def _accepts(increase: float, state: NDArray[np.uint64]) -> bool:
    """Decide whether an increase of β E is accepted; exp is computed only where its bounds do not decide."""
    if increase >= _SURE:
        return False
    chance = _uniform(state)
    if chance < 1 - increase * (1 - increase * (0.5 - increase / 6)):
        return True
    return chance * (1 + increase * (1 + 0.5 * increase)) < 1 and chance < np.exp(-increase)


@part
def _flip(model: Spins, walkers: Walkers, walker: int, spin: int) -> None:
    """Flip a spin of a walker."""
    was = walkers.spins[walker, spin]
    walkers.energies[walker] -= 2.0 * was * walkers.fields[walker, spin]
    walkers.spins[walker, spin] = -was
    if len(model.matrix):  # without a factor, a row is added in vectors of its own precision
        if was > 0:
            for j in range(len(model.biases)):
                walkers.fields[walker, j] -= model.matrix[spin, j]
        else:
            for j in range(len(model.biases)):
                walkers.fields[walker, j] += model.matrix[spin, j]
    else:
        for k in range(model.starts[spin], model.starts[spin + 1]):
            walkers.fields[walker, model.neighbors[k]] -= was * model.couplings[k]


@part
def _draw(model: Spins, walkers: Walkers, walker: int) -> None:
    """Draw random spins of a walker, and compute its fields and its energy."""
    n = len(model.biases)
    for i in range(n):
        walkers.spins[walker, i] = 1 if next_word(walkers.state) >> np.uint64(63) else -1
    total = 0.0
    for i in range(n):
        field = 0.0
        for k in range(model.starts[i], model.starts[i + 1]):
            field += 0.5 * model.couplings[k] * walkers.spins[walker, model.neighbors[k]]
        walkers.fields[walker, i] = field + model.biases[i]
        total += walkers.spins[walker, i] * (field / 2 + model.biases[i])
    walkers.energies[walker] = total


@part
def _sweep(model: Spins, walkers: Walkers, walker: int, beta: float) -> None:
    """Propose a flip of each spin, and keep the walker if it is the best."""
    for i in range(len(model.biases)):
        increase = -2.0 * beta * walkers.spins[walker, i] * walkers.fields[walker, i]
        if increase <= 0 or _accepts(increase, walkers.state):
            _flip(model, walkers, walker, i)
    if walkers.energies[walker] < walkers.least[0]:
        walkers.least[0] = walkers.energies[walker]
        copy(walkers.spins[walker], walkers.best)


@part
def _move_cluster(model: Spins, walkers: Walkers, first: int, second: int) -> None:
    """Exchange a connected cluster of spins in which two walkers differ; the sum of their energies stays."""
    n, differing = len(model.biases), 0
    members, marks = walkers.cluster[0], walkers.cluster[1]
    for i in range(n):
        marks[i] = walkers.spins[first, i] != walkers.spins[second, i]
        differing += marks[i]
    if differing == 0 or 2 * differing > n:  # so many percolate, and the move would change nothing
        return
    number = int(_uniform(walkers.state) * differing)
    seed = 0
    while number > 0 or not marks[seed]:
        number -= marks[seed]
        seed += 1
    members[0], marks[seed], size, done = seed, 0, 1, 0
    while done < size:
        spin = members[done]
        done += 1
        for k in range(model.starts[spin], model.starts[spin + 1]):
            j = model.neighbors[k]
            if marks[j]:
                marks[j] = 0
                members[size] = j
                size += 1
    if size == differing:  # all of it: the walkers would only change places
        return
    for k in range(size):
        _flip(model, walkers, first, members[k])
        _flip(model, walkers, second, members[k])


@part
def _exchange(walkers: Walkers, betas: NDArray[np.float64], copy_number: int, k: int) -> None:
    """Let the walkers of two neighboring temperatures change places, by the Metropolis rule."""
    hot, cold = walkers.places[copy_number, k], walkers.places[copy_number, k + 1]
    gain = (betas[k + 1] - betas[k]) * (walkers.energies[cold] - walkers.energies[hot])
    if gain >= 0 or _accepts(-gain, walkers.state):
        walkers.places[copy_number, k] = cold
        walkers.places[copy_number, k + 1] = hot


@kernel
def temper(model: Spins, walkers: Walkers, betas: NDArray[np.float64], num_sweeps: int, moves_clusters: bool) -> None:
    """Draw all walkers, and sweep, move clusters and exchange temperatures `num_sweeps` times.

    `betas` are inverse temperatures in ascending order.
    """
    copies, temperatures = walkers.places.shape
    walkers.least[0] = np.inf
    for walker in range(copies * temperatures):
        _draw(model, walkers, walker)
    for _ in range(num_sweeps):
        for c in range(copies):
            for k in range(temperatures):
                _sweep(model, walkers, walkers.places[c, k], betas[k])
        if moves_clusters:
            for k in range(temperatures):
                _move_cluster(model, walkers, walkers.places[0, k], walkers.places[1, k])
        for c in range(copies):
            for k in range(temperatures - 1):
                _exchange(walkers, betas, c, k)
