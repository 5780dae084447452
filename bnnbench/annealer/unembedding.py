"""Variables read off chains of qubits, and what becomes of chains whose qubits disagree."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.annealer.embedding import Embedding
from bnnbench.errors import InputError
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Batch

ChainBreaks = Literal["majority_vote", "discard", "minimize_energy", "mean"]
"""How broken chains are read, named as in `dwave.embedding.chain_breaks` where that has it.

``majority_vote``: as most qubits of the chain; a tie goes to its first one. ``discard``: a read with a broken chain is
dropped. ``minimize_energy``: greedily, the chain with the largest field of the chains read so far goes first.
``mean``: bits as by ``majority_vote``, and facts about the network whose weights are the means of their chains.
"""

MAX_DISCARDED = 1000
"""Reads in a row that may be dropped: a stream that yields nothing could not be stopped by a budget in seconds."""


def unembed(
    embedding: Embedding, bits: NDArray[np.int8], qubo: Qubo, chain_breaks: ChainBreaks = "majority_vote"
) -> tuple[NDArray[np.int8], float]:
    """Read the variables off the qubits.

    Parameters
    ----------
    bits
        0 or 1, shape (k, num_physical), in physical order.
    qubo
        That of the variables.

    Returns
    -------
    bits
        int8 of shape (l, n), l = k · copies, or less if reads are discarded; copy after copy for each sample.
    chain_break_fraction
        Chains, over all k samples and all variables of all copies, whose qubits disagree.
    """
    lengths = np.array([len(chain) for chain in embedding.chains])
    starts = np.cumsum(lengths) - lengths
    ones = np.add.reduceat(bits, starts, axis=1, dtype=np.int64)
    broken = ((ones > 0) & (ones < lengths)).reshape(len(bits) * embedding.copies, -1)
    # Without a tie 2·ones differs from the length by 1 at least, so that the first qubit decides ties and no more.
    read = (2 * ones + bits[:, starts] > lengths).astype(np.int8).reshape(broken.shape)
    if chain_breaks == "discard":
        read = read[~broken.any(axis=1)]
    elif chain_breaks == "minimize_energy":
        read = _minimize_energy(qubo, read, broken)
    return read, float(np.mean(broken))


def chain_means(embedding: Embedding, bits: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the mean bit of each chain, in [0, 1]: (k, num_physical) in physical order to (k · copies, n)."""
    lengths = np.array([len(chain) for chain in embedding.chains])
    means = np.add.reduceat(bits, np.cumsum(lengths) - lengths, axis=1, dtype=np.int64) / lengths
    return np.asarray(means.reshape(len(bits) * embedding.copies, -1))


def _minimize_energy(qubo: Qubo, bits: NDArray[np.int8], broken: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Set broken variables one by one in each read, as `dwave.embedding.MinimizeEnergy` does read by read.

    Spins that are not set yet count as 0. Of equal fields, the first variable's goes first.
    """
    couplings = qubo.symmetric() / 4
    spins = np.where(broken, 0, 2 * bits - 1).astype(np.float64)
    fields = qubo.linear / 2 + couplings.sum(axis=0) + spins @ couplings
    open_ = broken.copy()
    while len(rows := np.flatnonzero(open_.any(axis=1))):
        chosen = np.argmax(np.where(open_[rows], np.abs(fields[rows]), -1.0), axis=1)
        values = np.where(fields[rows, chosen] > 0, -1.0, 1.0)
        spins[rows, chosen] = values
        fields[rows] += values[:, None] * couplings[chosen]
        open_[rows, chosen] = False
    return (spins > 0).astype(np.int8)


FactsOfMeans = Callable[[NDArray[np.float64]], dict[str, float]]


def unembed_batches(
    embedding: Embedding,
    batches: Iterator[Batch],
    qubo: Qubo,
    chain_breaks: ChainBreaks = "majority_vote",
    facts_of_means: FactsOfMeans | None = None,
) -> Generator[Batch]:
    """Turn batches over qubits into batches over variables, and keep bounds; closing this stream closes its source.

    Adds the clock ``embed_s`` and the facts ``num_copies``, ``num_physical`` (of all copies), ``longest_chain``,
    ``chain_break_fraction`` and, if reads are discarded, ``num_discarded``; the last two over all reads so far, since
    what a run reports are the facts of its last batch. A batch of which nothing is left adds its clocks to the next.

    Parameters
    ----------
    facts_of_means
        Gives more facts, of the means of chains of each batch, such as `FractionalTally.add`.

    Raises
    ------
    InputError
        If `MAX_DISCARDED` reads in a row, or all reads, are discarded.
    """
    num_reads, num_kept, in_a_row, total = 0, 0, 0, 0.0
    unclaimed: dict[str, float] = {}
    try:
        for batch in batches:
            bits, broken = unembed(embedding, batch.bits, qubo, chain_breaks)
            reads = len(batch.bits) * embedding.copies
            num_reads += reads
            num_kept += len(bits)
            total += reads * broken
            clocks = {name: seconds + unclaimed.pop(name, 0.0) for name, seconds in batch.clocks.items()} | unclaimed
            if not len(bits):
                unclaimed, in_a_row = clocks, in_a_row + reads
                if in_a_row >= MAX_DISCARDED:
                    break
                continue
            unclaimed, in_a_row = {}, 0
            facts = {
                "num_copies": embedding.copies,
                "num_physical": embedding.num_physical,
                "longest_chain": embedding.longest_chain,
                "chain_break_fraction": total / num_reads,
            }
            if chain_breaks == "discard":
                facts["num_discarded"] = num_reads - num_kept
            if facts_of_means is not None:
                facts |= facts_of_means(chain_means(embedding, batch.bits))
            yield replace(
                batch, bits=bits, clocks={**clocks, "embed_s": embedding.embed_s}, facts={**batch.facts, **facts}
            )
        if in_a_row >= MAX_DISCARDED or (num_reads and not num_kept):
            raise InputError(
                f"chain_breaks=discard dropped all of the last {in_a_row} reads; take a larger chain_strength, or "
                "another chain_breaks."
            )
    finally:
        close = getattr(batches, "close", None)  # a generator has it, another iterator need not
        if close is not None:
            close()
