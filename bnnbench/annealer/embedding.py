"""Minor embeddings: each variable as a chain of qubits, so that every coupling has a coupler of the hardware.

Finding one takes seconds to minutes and depends on the graph alone, so that embeddings are kept on disk: one JSON file
each in the folder ``embeddings`` of the user's cache, or of the folder that ``BNNBENCH_CACHE`` names.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import dimod
import networkx as nx
import numpy as np
from pydantic import AfterValidator, Field, TypeAdapter, ValidationInfo

from bnnbench.annealer.copies import Copies, chains_on, find_copies, in_order, side_by_side
from bnnbench.cache import cache_folder, write_cache
from bnnbench.errors import InputError, RefusedError
from bnnbench.hashing import content_hash
from bnnbench.qubo.qubo import Qubo
from bnnbench.solver.contract import Positive

Topology = Literal["pegasus", "zephyr"]


def _without_strength(prefactor: float | None, others: ValidationInfo) -> float | None:
    if prefactor is not None and others.data.get("chain_strength") is not None:
        raise ValueError("give chain_strength or chain_prefactor, not both")
    return prefactor


ChainStrength = Positive | None
"""In units of the couplings between spins, see `physical_model`."""
ChainPrefactor = Annotated[Positive | None, AfterValidator(_without_strength)]
"""Of uniform torque compensation, see `physical_model`; a field after ``chain_strength``, which excludes it."""

QPU_SIZES: dict[Topology, int] = {"pegasus": 16, "zephyr": 12}
"""Sizes of D-Wave's machines: Advantage is Pegasus P16 (5640 qubits), Advantage2 is Zephyr Z12 (4800 qubits)."""


@dataclass(frozen=True)
class Embedding:
    """Chains of qubits, one per variable of each copy.

    Parameters
    ----------
    chains
        For each variable its qubits, in ascending order, copy after copy.
    embed_s
        Seconds that minorminer took; an embedding out of the cache keeps its original seconds.
    copies
        How many disjoint embeddings of the same variables it holds.
    """

    chains: tuple[tuple[int, ...], ...]
    embed_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    copies: Annotated[int, Field(ge=1)] = 1

    @property
    def qubits(self) -> tuple[int, ...]:
        """All qubits, chain after chain: the *physical order*."""
        return tuple(qubit for chain in self.chains for qubit in chain)

    @property
    def num_physical(self) -> int:
        """Qubits in all chains."""
        return sum(map(len, self.chains))

    @property
    def longest_chain(self) -> int:
        """Qubits in the longest chain."""
        return max(map(len, self.chains), default=0)


@functools.cache
def hardware_graph(topology: Topology, size: int) -> nx.Graph:
    """Return the ideal graph of a topology, with all qubits and couplers; it is made once per process, and frozen.

    Raises
    ------
    InputError
        If a graph of this size has no qubits.
    """
    import dwave.graphs

    make, least = (dwave.graphs.pegasus_graph, 2) if topology == "pegasus" else (dwave.graphs.zephyr_graph, 1)
    if size < least:
        raise InputError(f"the hardware graph {topology}-{size} has no qubits; the size must be at least {least}.")
    return nx.freeze(make(size))


def damaged_graph(topology: Topology, size: int, qubit_yield: float, seed: int) -> nx.Graph:
    """Return the graph of a topology with this share of its qubits, drawn from the seed; 1 gives the ideal graph."""
    ideal = hardware_graph(topology, size)
    if qubit_yield == 1:
        return ideal
    qubits = sorted(ideal)
    working = np.random.default_rng(seed).permutation(len(qubits))[: max(1, round(qubit_yield * len(qubits)))]
    return ideal.subgraph([qubits[place] for place in working])


def find_embedding_on(qubo: Qubo, graph: nx.Graph, seed: int, graph_name: str, copies: Copies = 1) -> Embedding:
    """Embed the graph of a QUBO in a hardware graph by minorminer, or take the embedding out of the cache.

    It depends on the structure of the QUBO, the qubits and couplers of the graph, the seed, the copies and the version
    of minorminer, and on nothing else, unless minorminer stops on its clock, after 1000 s.

    Parameters
    ----------
    graph_name
        What messages call the graph.
    copies
        How many disjoint embeddings to find, see `find_copies`; ``auto``: at least one.

    Raises
    ------
    RefusedError
        If the graph has fewer qubits than there are variables, or fewer couplers than couplings.
    InputError
        If no embedding is found, or fewer copies than were asked for.

    References
    ----------
    J. Cai, W. G. Macready and A. Roy, "A practical heuristic for finding graph minors", arXiv 1406.2741, 2014.
    """
    key = {
        "structure": qubo.structure_hash,
        "graph": _graph_hash(graph),
        "seed": seed,
        "minorminer": version("minorminer"),
    } | ({} if copies == 1 else {"copies": copies})
    path = cache_folder("embeddings") / f"{content_hash('embedding', key)}.json"
    embedding = _read(path, key, qubo, graph)
    if embedding is None:
        embedding = _embed(qubo, graph, seed, graph_name, copies)
        write_cache(path, _as_text(key, embedding))
    return embedding


def physical_model(
    qubo: Qubo,
    embedding: Embedding,
    graph: nx.Graph,
    chain_strength: float | None,
    chain_prefactor: float | None = None,
) -> dimod.BinaryQuadraticModel:
    """Return a model over the qubits, as spins: with all chains intact, its energy is that of all copies.

    A broken coupler of a chain costs ``2 · chain_strength``. So the physical minimum is never above the logical one,
    and below it only where chains are too weak to stay intact.

    Parameters
    ----------
    chain_strength
        In units of the couplings between spins, a quarter of those between bits. None: uniform torque compensation of
        the spin form, as D-Wave's ``EmbeddingComposite`` does; from the bits' couplings it would be four times larger.
    chain_prefactor
        Of uniform torque compensation: ``chain_prefactor · √(mean degree) · (root mean square of the couplings)``.
        None: 1.414, the default of D-Wave, who recommend to try 0.5 to 2.

    References
    ----------
    J. Raymond, N. Ndiaye, G. Rayaprolu and A. D. King, "Improving performance of logical qubits by parameter tuning
    and topology compensation", IEEE International Conference on Quantum Computing and Engineering, 2020.
    """
    from dwave.embedding import embed_bqm
    from dwave.embedding.chain_strength import uniform_torque_compensation

    spins = side_by_side(qubo, embedding.copies).to_bqm().change_vartype(dimod.SPIN, inplace=False)
    given = {} if chain_prefactor is None else {"prefactor": chain_prefactor}
    torque = functools.partial(uniform_torque_compensation, **given)
    strength = torque if chain_strength is None else chain_strength
    chains = dict(enumerate(embedding.chains))
    model: dimod.BinaryQuadraticModel = embed_bqm(spins, chains, graph, chain_strength=strength)
    return model


def _embed(qubo: Qubo, graph: nx.Graph, seed: int, graph_name: str, copies: Copies) -> Embedding:
    import minorminer  # noqa: F401  loaded before the clock starts

    _check_room(qubo, graph, graph_name)
    source, target = _source(qubo), in_order(graph)
    # The one place that may measure time besides the harness: `prepare_s` of the harness also holds imports, the
    # cache and the physical model, and a row that found its embedding in the cache has to carry the original seconds.
    start = time.perf_counter()
    found = [] if copies == 1 else find_copies(source, graph, seed, copies)
    found = found or [chains_on(source, target, seed)]
    embed_s = time.perf_counter() - start
    if len(found[0]) < len(source):
        raise InputError(
            f"no minor embedding was found of {len(source)} variables and {source.size()} couplings in {graph_name} "
            f"({len(target)} qubits, {target.size()} couplers), with seed {seed}; take a larger graph, another "
            "embedding_seed, or a smaller problem."
        )
    if copies != "auto" and len(found) < copies:
        raise InputError(
            f"room was found for {len(found)} of {copies} copies of {len(source)} variables in {graph_name}; take "
            "copies=auto, another embedding_seed, or a larger graph."
        )
    chains = tuple(tuple(sorted(copy[variable])) for copy in found for variable in range(len(source)))
    return Embedding(chains, embed_s, len(found))


def _check_room(qubo: Qubo, graph: nx.Graph, graph_name: str) -> None:
    """Refuse what has more variables or couplings than a graph: no search could tell more, however long it took."""
    if qubo.num_variables > len(graph) or qubo.num_couplings > graph.size():
        raise RefusedError(
            f"{qubo.num_variables} variables and {qubo.num_couplings} couplings have no minor embedding in {graph_name}"
            f" ({len(graph)} qubits, {graph.size()} couplers), as a minor has no more of either; take a larger graph, "
            "or a smaller problem."
        )


def _source(qubo: Qubo) -> nx.Graph:
    """Return the graph of a QUBO; variables without couplings are in it, and get a qubit too."""
    graph: nx.Graph = nx.empty_graph(qubo.num_variables)
    graph.add_edges_from(zip(qubo.rows.tolist(), qubo.cols.tolist(), strict=True))
    return graph


def _graph_hash(graph: nx.Graph) -> str:
    nodes = np.array(sorted(graph), dtype=np.int64)
    edges = np.array(sorted((min(edge), max(edge)) for edge in graph.edges), dtype=np.int64)
    return content_hash("hardware", {}, nodes, edges)


@dataclass(frozen=True)
class _Stored:
    """The content of a file of the cache."""

    key: dict[str, Any]
    embedding: Embedding


def _read(path: Path, key: dict[str, Any], qubo: Qubo, graph: nx.Graph) -> Embedding | None:
    """Return the embedding in a file; None without the file, with another key, or with chains that do not fit."""
    with contextlib.suppress(OSError, ValueError):  # no file, or not what was written: ValidationError is a ValueError
        stored = TypeAdapter(_Stored).validate_json(path.read_bytes(), strict=True)
        if stored.key == key and _fits(stored.embedding, qubo, graph):
            return stored.embedding
    return None


def _fits(embedding: Embedding, qubo: Qubo, graph: nx.Graph) -> bool:
    """Return whether chains are disjoint and connected, one per variable and copy, with a coupler per coupling."""
    from dwave.embedding import is_valid_embedding

    n, copies = qubo.num_variables, embedding.copies
    if len(embedding.chains) != copies * n or len(set(embedding.qubits)) != embedding.num_physical:
        return False
    parts = [embedding.chains[copy * n : (copy + 1) * n] for copy in range(copies)]
    return all(is_valid_embedding(dict(enumerate(part)), _source(qubo), graph) for part in parts)


def _as_text(key: dict[str, Any], embedding: Embedding) -> str:
    return json.dumps({"key": key, "embedding": asdict(embedding)}, separators=(",", ":"))
