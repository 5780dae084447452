"""Reading variables off chains, whole and broken ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import dimod
import numpy as np
import pytest
from dwave.embedding import MinimizeEnergy, discard

from bnnbench.annealer.embedding import Embedding
from bnnbench.annealer.unembedding import MAX_DISCARDED, unembed, unembed_batches
from bnnbench.errors import InputError
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Batch


def flat(n: int) -> Qubo:
    """No energy at all."""
    none = np.zeros(0, dtype=np.int32)
    return make_qubo(np.zeros(n), none, none, np.zeros(0), 0.0)


def rough(n: int, seed: int) -> Qubo:
    """Coefficients of which no two sums are equal, so that nothing is decided by ties."""
    random = np.random.default_rng(seed)
    rows, cols = np.array(list(itertools.combinations(range(n), 2))).T
    return make_qubo(random.normal(size=n), rows, cols, random.normal(size=len(rows)), 0.0)


CHAINS = Embedding(((0, 1, 2), (3,), (4, 5), (6, 7, 8, 9), (10, 11)), 0.0)


def test_the_majority_decides_and_the_first_qubit_breaks_ties() -> None:
    embedding = Embedding(((4, 5, 6), (1, 2), (0,)), 0.0)
    qubits = [[1, 1, 0, 1, 0, 1], [0, 1, 0, 0, 1, 0], [1, 1, 1, 0, 0, 0]]

    bits, broken = unembed(embedding, np.array(qubits, dtype=np.int8), flat(3))

    assert bits.tolist() == [[1, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert bits.dtype == np.int8
    assert broken == pytest.approx(4 / 9)


def test_chains_longer_than_a_byte_counts_are_read_right() -> None:
    embedding = Embedding((tuple(range(300)),), 0.0)

    bits, broken = unembed(embedding, np.ones((1, 300), dtype=np.int8), flat(1))

    assert bits.tolist() == [[1]]
    assert broken == 0


def test_the_chain_break_fraction_is_over_all_reads_so_far() -> None:
    embedding = Embedding(((0, 1), (2,)), 2.5)
    batches = [Batch(np.array([[1, 0, 1]], np.int8)), Batch(np.array([[1, 1, 1]] * 3, np.int8))]

    seen = list(unembed_batches(embedding, iter(batches), flat(2)))

    assert [batch.facts["chain_break_fraction"] for batch in seen] == [1 / 2, 1 / 8]
    assert [batch.clocks["embed_s"] for batch in seen] == [2.5, 2.5]
    assert seen[0].facts["num_physical"] == 3
    assert seen[0].facts["longest_chain"] == 2


def test_closing_the_stream_closes_the_one_behind_it() -> None:
    closed = []

    def endless() -> Iterator[Batch]:
        try:
            while True:
                yield Batch(np.array([[1, 0]], np.int8))
        finally:
            closed.append(True)

    behind = endless()  # held here, so that no garbage collection closes it
    stream = unembed_batches(Embedding(((0,), (1,)), 0.0), behind, flat(2))
    next(stream)
    assert not closed
    stream.close()

    assert closed


# Chain breaks by name


def test_a_read_with_a_broken_chain_is_discarded() -> None:
    bits = np.random.default_rng(0).integers(2, size=(400, 12), dtype=np.int8)
    kept, rows = discard(bits, [list(chain) for chain in CHAINS.chains])

    read, broken = unembed(CHAINS, bits, flat(5), "discard")

    assert 0 < len(rows) < 400
    assert read.tolist() == kept.tolist()
    assert broken == unembed(CHAINS, bits, flat(5))[1]


@pytest.mark.parametrize("seed", range(4))
def test_energy_is_minimized_as_by_the_library(seed: int) -> None:
    qubo = rough(5, seed)
    bits = np.random.default_rng(seed).integers(2, size=(200, 12), dtype=np.int8)
    spins = qubo.to_bqm().change_vartype(dimod.SPIN, inplace=False)
    library = MinimizeEnergy(spins, dict(enumerate(CHAINS.chains)))
    expected, _ = library(2 * bits - 1, CHAINS.chains)

    read, _ = unembed(CHAINS, bits, qubo, "minimize_energy")

    assert read.dtype == np.int8
    assert (2 * read - 1).tolist() == expected.tolist()
    assert qubo.energies(read).mean() < qubo.energies(unembed(CHAINS, bits, qubo)[0]).mean()


@pytest.mark.parametrize("chain_breaks", ["majority_vote", "discard", "minimize_energy", "mean"])
def test_whole_chains_are_read_as_they_are(chain_breaks: str) -> None:
    variables = np.random.default_rng(1).integers(2, size=(50, 5), dtype=np.int8)
    bits = np.repeat(variables, [len(chain) for chain in CHAINS.chains], axis=1)

    read, broken = unembed(CHAINS, bits, rough(5, 0), chain_breaks)  # type: ignore[arg-type]

    assert read.tolist() == variables.tolist()
    assert broken == 0


def two(bits: list[list[int]], access_s: float = 1.0) -> Batch:
    return Batch(np.array(bits, np.int8), clocks={"qpu_access_s": access_s})


def test_clocks_of_a_batch_that_is_discarded_go_to_the_next() -> None:
    embedding = Embedding(((0, 1), (2,)), 0.5)
    batches = [two([[0, 1, 1]], 1.0), two([[0, 1, 0]], 2.0), two([[1, 1, 0], [0, 1, 0]], 4.0), two([[0, 0, 1]], 8.0)]

    seen = list(unembed_batches(embedding, iter(batches), flat(2), "discard"))

    assert [batch.bits.tolist() for batch in seen] == [[[1, 0]], [[0, 1]]]
    assert [dict(batch.clocks) for batch in seen] == [
        {"qpu_access_s": 7.0, "embed_s": 0.5},
        {"qpu_access_s": 8.0, "embed_s": 0.5},
    ]
    assert [batch.facts["num_discarded"] for batch in seen] == [3, 3]
    assert [batch.facts["chain_break_fraction"] for batch in seen] == [3 / 8, 3 / 10]


def test_a_run_of_which_nothing_is_left_is_a_sentence() -> None:
    stream = unembed_batches(Embedding(((0, 1),), 0.0), iter([two([[0, 1]]), two([[1, 0]])]), flat(1), "discard")

    with pytest.raises(InputError, match=r"dropped all of the last 2 reads; take a larger chain_strength"):
        next(stream)


def test_an_endless_stream_that_is_discarded_ends() -> None:
    asked = []

    def endless() -> Iterator[Batch]:
        while True:
            asked.append(1)
            yield two([[0, 1]] * 100)

    with pytest.raises(InputError, match=f"last {MAX_DISCARDED} reads"):
        next(unembed_batches(Embedding(((0, 1),), 0.0), endless(), flat(1), "discard"))

    assert len(asked) == MAX_DISCARDED // 100
