"""Minor embeddings: what chains have to be, what their cache survives, and that intact chains keep the energy."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import minorminer
import networkx as nx
import numpy as np
import pytest
from embeddings import find_embedding

from bnnbench.annealer.embedding import (
    Embedding,
    _as_text,
    _read,
    find_embedding_on,
    hardware_graph,
    physical_model,
)
from bnnbench.cache import write_cache
from bnnbench.errors import InputError, RefusedError
from bnnbench.qubo.qubo import Qubo, make_qubo, qubo_from_bqm


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path))
    return tmp_path / "embeddings"


def random_qubo(n: int, edges: list[tuple[int, int]], seed: int = 0) -> Qubo:
    random = np.random.default_rng(seed)
    rows, cols = np.array(edges, dtype=np.int32).reshape(-1, 2).T
    couplings = random.choice([-3, -2, -1, 1, 2, 3], len(edges)).astype(float)
    return make_qubo(random.integers(-4, 5, n).astype(float), rows, cols, couplings, float(random.integers(-9, 10)))


def complete(n: int, seed: int = 0) -> Qubo:
    return random_qubo(n, list(itertools.combinations(range(n), 2)), seed)


def all_bits(n: int) -> np.ndarray:
    return np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.int8)


def assert_is_minor(embedding: Embedding, qubo: Qubo, graph: nx.Graph) -> None:
    assert len(embedding.chains) == qubo.num_variables
    assert len(set(embedding.qubits)) == len(embedding.qubits) == embedding.num_physical
    for chain in embedding.chains:
        assert nx.is_connected(graph.subgraph(chain))
        assert set(chain) <= set(graph)
    for u, v in zip(qubo.rows, qubo.cols, strict=True):
        assert any(graph.has_edge(p, q) for p in embedding.chains[u] for q in embedding.chains[v])


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()  # so that no temporary file stays behind either
    return path


# Hardware graphs


def test_the_default_graphs_have_the_published_numbers_of_qubits() -> None:
    assert len(hardware_graph("pegasus", 16)) == 5640
    assert len(hardware_graph("zephyr", 12)) == 4800


def test_a_hardware_graph_is_made_once_and_cannot_be_changed() -> None:
    graph = hardware_graph("pegasus", 2)

    assert hardware_graph("pegasus", 2) is graph
    with pytest.raises(nx.NetworkXError):
        graph.remove_node(next(iter(graph)))


@pytest.mark.parametrize(("topology", "size"), [("pegasus", 1), ("zephyr", 0)])
def test_a_graph_without_qubits_is_an_error_that_names_the_least_size(topology: str, size: int) -> None:
    with pytest.raises(InputError, match=rf"{topology}-{size} has no qubits; the size must be at least {size + 1}"):
        hardware_graph(topology, size)


# Finding


@pytest.mark.parametrize(("topology", "size"), [("pegasus", 2), ("zephyr", 2)])
def test_an_embedding_is_a_minor(topology: str, size: int) -> None:
    qubo = complete(8)

    embedding = find_embedding(qubo, topology, size, seed=0)

    assert_is_minor(embedding, qubo, hardware_graph(topology, size))
    assert embedding.longest_chain == max(len(chain) for chain in embedding.chains) > 1
    assert embedding.embed_s > 0


@pytest.mark.parametrize("edges", [[], [(1, 4)]])
def test_variables_without_couplings_get_a_qubit_each(edges: list[tuple[int, int]]) -> None:
    qubo = random_qubo(6, edges)

    embedding = find_embedding(qubo, "pegasus", 2, seed=0)

    assert_is_minor(embedding, qubo, hardware_graph("pegasus", 2))
    assert embedding.num_physical == 6


def test_a_graph_may_be_filled_to_its_last_qubit() -> None:
    qubo = random_qubo(40, [])

    assert sorted(find_embedding(qubo, "pegasus", 2, seed=0).qubits) == sorted(hardware_graph("pegasus", 2))


def test_the_seed_decides_the_chains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for folder, seed in [("a", 0), ("b", 0), ("c", 1)]:
        monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path / folder))
        found.append(find_embedding(complete(8), "pegasus", 3, seed=seed).chains)

    assert found[0] == found[1] != found[2]


def test_the_order_in_which_a_graph_lists_its_couplers_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = hardware_graph("pegasus", 2)
    turned = nx.Graph([(q, p) for p, q in reversed(list(graph.edges))])
    found = []
    for name, each in [("a", graph), ("b", turned)]:
        monkeypatch.setenv("BNNBENCH_CACHE", str(tmp_path / name))
        found.append(find_embedding_on(complete(7), each, 0, name).chains)

    assert found[0] == found[1]


def test_a_search_that_fails_is_a_sentence_with_the_sizes() -> None:
    with pytest.raises(
        InputError,
        match=r"no minor embedding was found of 14 variables and 91 couplings in pegasus-2 \(40 qubits, \d+ couplers\)",
    ):
        find_embedding(complete(14), "pegasus", 2, seed=0)


def test_a_failed_search_leaves_nothing_in_the_cache(cache: Path) -> None:
    with pytest.raises(InputError):
        find_embedding(complete(14), "pegasus", 2, seed=0)

    assert not cache.exists()


@pytest.mark.parametrize(
    ("variables", "couplings", "sizes"),
    [
        (41, [], "41 variables and 0 couplings"),
        (40, list(itertools.combinations(range(40), 2)), "40 variables and 780"),
    ],
)
def test_more_than_the_graph_has_is_refused_without_a_search(
    variables: int, couplings: list[tuple[int, int]], sizes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minorminer, "find_embedding", lambda *_, **__: pytest.fail("searched"))

    with pytest.raises(RefusedError, match=rf"{sizes}.* have no minor embedding in pegasus-2 \(40 qubits, \d+ coupl"):
        find_embedding(random_qubo(variables, couplings), "pegasus", 2, seed=0)


# Cache


def test_a_cached_embedding_equals_the_fresh_one_with_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = find_embedding(complete(8), "pegasus", 2, seed=0)
    monkeypatch.setattr(minorminer, "find_embedding", lambda *_, **__: pytest.fail("searched again"))

    assert find_embedding(complete(8), "pegasus", 2, seed=0) == fresh


def test_other_coefficients_share_the_embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = find_embedding(complete(8, seed=0), "pegasus", 2, seed=0)
    monkeypatch.setattr(minorminer, "find_embedding", lambda *_, **__: pytest.fail("searched again"))

    assert find_embedding(complete(8, seed=1), "pegasus", 2, seed=0) == fresh


def test_structure_graph_seed_and_version_each_have_a_file_of_their_own(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = hardware_graph("pegasus", 2)
    defect = nx.Graph(graph)
    defect.remove_node(min(graph))
    find_embedding_on(complete(5), graph, 0, "graph")
    find_embedding_on(complete(4), graph, 0, "graph")
    find_embedding_on(complete(5), defect, 0, "graph")
    find_embedding_on(complete(5), graph, 1, "graph")
    monkeypatch.setattr("bnnbench.annealer.embedding.version", lambda _: "another")
    find_embedding_on(complete(5), graph, 0, "graph")

    assert len(list(cache.iterdir())) == 5


def _chains(change) -> object:
    def corrupt(text: str) -> str:
        content = json.loads(text)
        content["embedding"]["chains"] = change(content["embedding"]["chains"])
        return json.dumps(content)

    return corrupt


def _seconds(text: str, value: str) -> str:
    content = json.loads(text)
    content["embedding"]["embed_s"] = 123456.0
    return json.dumps(content).replace("123456.0", value)


def _far_apart(chains: list[list[int]]) -> list[list[int]]:
    """Give the first variable a second qubit that is no neighbor of its chain."""
    graph = hardware_graph("pegasus", 2)
    used = {qubit for chain in chains for qubit in chain}
    near = {neighbor for qubit in chains[0] for neighbor in graph[qubit]}
    return [[*chains[0], min(set(graph) - used - near)], *chains[1:]]


CORRUPTIONS = {
    "empty": lambda _: "",
    "half": lambda text: text[: len(text) // 2],
    "null": lambda _: "null",
    "list": lambda _: "[]",
    "other key": lambda text: text.replace('"seed":0', '"seed":1'),
    "no chains": _chains(lambda _: []),
    "variable missing": _chains(lambda chains: chains[:-1]),
    "variable too many": _chains(
        lambda chains: [*chains, [min(set(hardware_graph("pegasus", 2)) - set(itertools.chain(*chains)))]]
    ),
    "empty chain": _chains(lambda chains: [[], *chains[1:]]),
    "overlap": _chains(lambda chains: [chains[1] + chains[0], *chains[1:]]),
    "qubit twice": _chains(lambda chains: [chains[0] + chains[0][:1], *chains[1:]]),
    "unknown qubit": _chains(lambda chains: [[*chains[0], 10**6], *chains[1:]]),
    "disconnected": _chains(_far_apart),
    "coupling missing": _chains(lambda chains: [chain[:1] for chain in chains]),
    "qubits as text": _chains(lambda chains: [[str(qubit) for qubit in chain] for chain in chains]),
    "qubits as fractions": _chains(lambda chains: [[qubit + 0.5 for qubit in chain] for chain in chains]),
    "chains as numbers": _chains(lambda chains: list(range(len(chains)))),
    "negative seconds": lambda text: _seconds(text, "-1.0"),
    "seconds are no number": lambda text: _seconds(text, "NaN"),
    "seconds are text": lambda text: _seconds(text, '"1.0"'),
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_a_corrupted_file_is_found_out_and_mended(cache: Path, monkeypatch: pytest.MonkeyPatch, corrupt) -> None:
    fresh = find_embedding(complete(7), "pegasus", 2, seed=0)
    path = only_file(cache)
    whole = path.read_text(encoding="utf-8")
    broken = corrupt(whole)
    assert broken != whole
    path.write_text(broken, encoding="utf-8")
    search = Mock(wraps=minorminer.find_embedding)
    monkeypatch.setattr(minorminer, "find_embedding", search)

    again = find_embedding(complete(7), "pegasus", 2, seed=0)

    assert again.chains == fresh.chains
    assert json.loads(only_file(cache).read_text(encoding="utf-8"))["key"] == json.loads(whole)["key"]
    assert find_embedding(complete(7), "pegasus", 2, seed=0) == again
    assert search.call_count == 1  # the second time out of the mended file


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    monkeypatch.setenv("BNNBENCH_CACHE", str(file))

    embedding = find_embedding(complete(5), "pegasus", 2, seed=0)

    assert_is_minor(embedding, complete(5), hardware_graph("pegasus", 2))


def test_a_write_that_fails_at_its_end_leaves_no_temporary_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.replace", fail)
    find_embedding(complete(5), "pegasus", 2, seed=0)

    assert list(cache.iterdir()) == []


def test_without_the_variable_the_cache_is_that_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNNBENCH_CACHE", "")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "home" / name)
    find_embedding(complete(5), "pegasus", 2, seed=0)

    assert only_file(tmp_path / "home" / "bnnbench" / "embeddings").suffix == ".json"


def test_processes_may_share_the_cache(cache: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(find_embedding, complete(8), "pegasus", 2, 0) for _ in range(4)]
        found = {job.result().chains for job in jobs}

    assert len(found) == 1
    assert find_embedding(complete(8), "pegasus", 2, seed=0).chains in found
    only_file(cache)


def test_a_reader_sees_whole_files_only(cache: Path) -> None:
    qubo, graph, key = complete(6), hardware_graph("pegasus", 2), {"any": 1}
    embedding = find_embedding(qubo, "pegasus", 2, seed=0)
    path = cache / "shared.json"
    write_cache(path, _as_text(key, embedding))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            write_cache(path, _as_text(key, embedding))

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    seen = [_read(path, key, qubo, graph) for _ in range(100)]
    stop.set()
    for writer in writers:
        writer.join()

    assert seen == [embedding] * 100


# Physical model


@pytest.mark.parametrize("chain_strength", [None, 0.3, 50.0])
@pytest.mark.parametrize(
    "qubo", [complete(7), complete(7, seed=3), random_qubo(7, [(0, 3)])], ids=["K7", "other", "sparse"]
)
def test_intact_chains_have_the_energy_of_their_variables(qubo: Qubo, chain_strength: float | None) -> None:
    graph = hardware_graph("pegasus", 2)
    embedding = find_embedding(qubo, "pegasus", 2, seed=0)
    model = physical_model(qubo, embedding, graph, chain_strength)
    bits = all_bits(7)
    repeated = np.repeat(bits, [len(chain) for chain in embedding.chains], axis=1)

    energies = model.energies((2 * repeated.astype(int) - 1, embedding.qubits))

    # Coefficients are whole, but thirds of them are not: rounding is all that may differ.
    np.testing.assert_allclose(energies, qubo.energies(bits), rtol=0, atol=1e-11)


def test_with_chains_of_lengths_that_are_powers_of_two_the_energies_are_the_same_numbers() -> None:
    qubo = complete(3)
    graph = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0)])
    embedding = Embedding(((0,), (1,), (2, 3)), 0.0)
    model = physical_model(qubo, embedding, graph, 2.0)
    bits = all_bits(3)

    energies = model.energies((2 * bits[:, [0, 1, 2, 2]].astype(int) - 1, [0, 1, 2, 3]))

    assert energies.tolist() == qubo.energies(bits).tolist()


def test_a_broken_coupler_costs_twice_the_chain_strength() -> None:
    qubo = make_qubo(np.zeros(1), np.array([], int), np.array([], int), np.array([]), 0.0)
    model = physical_model(qubo, Embedding(((0, 1, 2),), 0.0), nx.path_graph(3), 5.0)

    energies = model.energies((np.array([[1, 1, 1], [-1, 1, 1], [-1, 1, -1]]), [0, 1, 2]))

    assert energies.tolist() == [0.0, 10.0, 20.0]


def test_the_physical_minimum_is_never_above_the_logical_one() -> None:
    qubo = complete(6, seed=7)  # where weak chains break to gain energy
    graph = hardware_graph("pegasus", 2)
    embedding = find_embedding(qubo, "pegasus", 2, seed=0)
    places = {qubit: place for place, qubit in enumerate(embedding.qubits)}
    minima = []
    for chain_strength in (0.01, 0.5, 50.0):
        model = physical_model(qubo, embedding, graph, chain_strength).relabel_variables(places, inplace=False)
        minima.append(qubo_from_bqm(model).energies(all_bits(embedding.num_physical)).min())
    least = qubo.energies(all_bits(6)).min()

    assert embedding.longest_chain > 1
    assert minima == sorted(minima)
    assert minima[0] < least
    assert minima[-1] == pytest.approx(least, abs=1e-9)


def test_the_default_chain_strength_is_that_of_the_spin_form() -> None:
    import dimod
    from dwave.embedding.chain_strength import uniform_torque_compensation

    qubo = complete(3)
    embedding = Embedding(((0,), (1,), (2, 3)), 0.0)
    graph = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0)])

    spins = qubo.to_bqm().change_vartype(dimod.SPIN, inplace=False)
    model = physical_model(qubo, embedding, graph, None)

    assert model.get_quadratic(2, 3) == -uniform_torque_compensation(spins)


def test_a_prefactor_scales_the_default_chain_strength() -> None:
    qubo = complete(3)
    embedding = Embedding(((0,), (1,), (2, 3)), 0.0)
    graph = nx.Graph([(0, 1), (1, 2), (2, 3), (3, 0)])

    default, twice = (physical_model(qubo, embedding, graph, None, factor) for factor in (None, 2 * 1.414))

    assert twice.get_quadratic(2, 3) == pytest.approx(2 * default.get_quadratic(2, 3))
