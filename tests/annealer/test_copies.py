"""Copies of a QUBO on one graph: where they lie, what they cost, and that each is read for itself."""

from __future__ import annotations

import itertools

import dwave.graphs
import networkx as nx
import numpy as np
import pytest

from bnnbench.annealer.copies import anneals, find_copies, side_by_side, up_to
from bnnbench.annealer.embedding import Embedding, damaged_graph, find_embedding_on, physical_model
from bnnbench.annealer.unembedding import chain_means, unembed, unembed_batches
from bnnbench.errors import InputError
from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.contract import Batch, Budget


def dense(n: int) -> Qubo:
    """Integer coefficients on all pairs, so that chains are needed from some n on."""
    random = np.random.default_rng(n)
    rows, cols = np.array(list(itertools.combinations(range(n), 2))).T
    return make_qubo(random.integers(-3, 4, n), rows, cols, random.integers(1, 4, len(rows)), 2.0)


def all_bits(n: int) -> np.ndarray:
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.int8)


def test_the_energy_of_copies_is_the_sum_of_theirs() -> None:
    qubo = dense(4)
    first, second = all_bits(4), all_bits(4)[::-1]

    energies = side_by_side(qubo, 2).energies(np.hstack([first, second]))

    assert energies.tolist() == (qubo.energies(first) + qubo.energies(second)).tolist()


@pytest.mark.parametrize("topology", ["pegasus", "zephyr"])
def test_copies_are_disjoint_valid_and_on_working_qubits(topology: str) -> None:
    graph = damaged_graph(topology, 4, 0.9, seed=1)  # type: ignore[arg-type]
    source = nx.complete_graph(7)

    found = find_copies(source, graph, 0, "auto")

    assert len(found) > 10
    used = [qubit for chains in found for chain in chains.values() for qubit in chain]
    assert len(used) == len(set(used))
    assert set(used) <= set(graph)
    for chains in found:
        assert all(nx.is_connected(graph.subgraph(chain)) for chain in chains.values())
        assert all(any(graph.has_edge(a, b) for a in chains[i] for b in chains[j]) for i, j in source.edges)


def test_no_more_copies_are_sought_than_were_asked_for() -> None:
    assert len(find_copies(nx.path_graph(3), dwave.graphs.zephyr_graph(4), 0, 5)) == 5


def test_what_fits_once_alone_is_one_copy_of_as_many_as_fit() -> None:
    embedding = find_embedding_on(dense(9), dwave.graphs.zephyr_graph(1), 0, "zephyr-1", "auto")

    assert embedding.copies >= 1
    with pytest.raises(InputError, match=r"room was found for \d+ of 40 copies"):
        find_embedding_on(dense(9), dwave.graphs.zephyr_graph(1), 0, "zephyr-1", 40)


def test_an_embedding_of_copies_is_kept_beside_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = dwave.graphs.zephyr_graph(3)
    one, three = (find_embedding_on(dense(5), graph, 0, "zephyr-3", copies) for copies in (1, 3))
    monkeypatch.setattr("minorminer.find_embedding", lambda *_, **__: pytest.fail("embedded again"))

    assert find_embedding_on(dense(5), graph, 0, "zephyr-3", 3) == three
    assert find_embedding_on(dense(5), graph, 0, "zephyr-3") == one
    assert (one.copies, three.copies, len(three.chains)) == (1, 3, 15)


def test_with_intact_chains_the_qubits_have_the_energy_of_all_copies() -> None:
    qubo, graph = dense(5), dwave.graphs.zephyr_graph(3)
    embedding = find_embedding_on(qubo, graph, 0, "zephyr-3", 3)
    bits = np.random.default_rng(0).integers(0, 2, (20, 15), dtype=np.int8)
    lengths = [len(chain) for chain in embedding.chains]
    model = physical_model(qubo, embedding, graph, 2.0)

    spins = 2 * np.repeat(bits, lengths, axis=1).astype(int) - 1
    energies = model.energies((spins, list(embedding.qubits)))

    assert energies == pytest.approx(qubo.energies(bits.reshape(60, 5)).reshape(20, 3).sum(axis=1))


TWICE = Embedding(((0, 1), (2,), (3,), (4, 5, 6)), 0.0, copies=2)
QUBITS = np.array([[1, 1, 0, 0, 1, 1, 1], [1, 0, 1, 1, 0, 0, 1]], dtype=np.int8)


def test_each_copy_is_a_read() -> None:
    bits, broken = unembed(TWICE, QUBITS, dense(2))

    assert bits.tolist() == [[1, 0], [0, 1], [1, 1], [1, 0]]
    assert broken == 2 / 8
    assert chain_means(TWICE, QUBITS).tolist() == [[1, 0], [0, 1], [0.5, 1], [1, 1 / 3]]


def test_a_broken_chain_discards_its_copy_alone() -> None:
    one_broken = QUBITS[1:].copy()
    one_broken[0, 4:] = 1

    (batch,) = unembed_batches(TWICE, iter([Batch(one_broken)]), dense(2), "discard")

    assert batch.bits.tolist() == [[1, 1]]
    assert batch.facts["num_discarded"] == 1
    assert batch.facts["num_copies"] == 2


def test_the_last_anneal_gives_no_more_reads_than_were_asked_for() -> None:
    budget = Budget(reads=7)
    batches = iter([Batch(np.zeros((4, 2), np.int8)), Batch(np.zeros((4, 2), np.int8))])

    assert anneals(budget, 4) == Budget(reads=2)
    assert [len(batch.bits) for batch in up_to(budget, batches)] == [4, 3]


def test_a_budget_in_seconds_is_left_as_it_is() -> None:
    budget = Budget(seconds=1)

    assert anneals(budget, 4) == budget
    assert [len(batch.bits) for batch in up_to(budget, iter([Batch(np.zeros((4, 2), np.int8))] * 3))] == [4, 4, 4]
