"""Copies of a small QUBO side by side on disjoint parts of one graph: an anneal of them all is a read of each."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Annotated, Literal

import networkx as nx
import numpy as np
from pydantic import Field

from bnnbench.qubo.qubo import Qubo, make_qubo
from bnnbench.solver.answer import close
from bnnbench.solver.contract import Batch, Budget

Copies = Annotated[int, Field(ge=1)] | Literal["auto"]
"""How many copies are annealed at once; ``auto``: as many as `find_copies` finds room for."""

Chains = dict[int, tuple[int, ...]]
"""The qubits of each variable."""

_TRIES = 10
"""Of minorminer, for one embedding, and for the first copy on an ideal tile; each other copy gets one."""


def side_by_side(qubo: Qubo, copies: int) -> Qubo:
    """Return a QUBO over copies · n variables, copy after copy: its energy is the sum of the copies' energies."""
    if copies == 1:
        return qubo
    shifts = np.repeat(np.arange(copies) * qubo.num_variables, len(qubo.rows))
    return make_qubo(
        np.tile(qubo.linear, copies),
        np.tile(qubo.rows, copies) + shifts,
        np.tile(qubo.cols, copies) + shifts,
        np.tile(qubo.couplings, copies),
        copies * qubo.offset,
    )


def anneals(budget: Budget, copies: int) -> Budget:
    """Return the budget in anneals, each of which is one read of every copy."""
    return budget if budget.reads is None else replace(budget, reads=-(-budget.reads // copies))


def up_to(budget: Budget, batches: Iterator[Batch]) -> Generator[Batch]:
    """Cut off the reads of the last anneal that nobody asked for; closing this stream closes its source."""
    num_reads = 0
    try:
        for batch in batches:
            left = len(batch.bits) if budget.reads is None else max(1, budget.reads - num_reads)
            num_reads += len(batch.bits)
            yield replace(batch, bits=batch.bits[:left])
    finally:
        close(batches)


def find_copies(source: nx.Graph, target: nx.Graph, seed: int, copies: Copies) -> list[Chains]:
    """Find disjoint embeddings of a small graph, in the smallest square tiles of the hardware graph that hold one.

    The tile is laid on every place of the graph in turn. Where the chains of the ideal tile meet missing or used
    qubits, minorminer tries once to embed in what is left of the place, and again as long as it finds room.

    Parameters
    ----------
    target
        A graph of Pegasus or Zephyr as `dwave.graphs` makes it, with any qubits missing.

    Returns
    -------
    list of dict
        At most `copies` of them, each with the chain of every variable; empty if no tile of up to half the width
        of the graph, rounded up, holds one.

    References
    ----------
    E. Pelofske, G. Hahn and H. N. Djidjev, "Parallel quantum annealing", Scientific Reports 12, 2022, for the idea:
    its text was not at hand. Tiles and places are those of `dwave.graphs`.
    """
    import dwave.graphs
    from minorminer.utils.diagnostic import is_valid_embedding

    if target.graph.get("family") == "pegasus":
        make, places = dwave.graphs.pegasus_graph, dwave.graphs.pegasus_sublattice_mappings
    else:
        make, places = dwave.graphs.zephyr_graph, dwave.graphs.zephyr_sublattice_mappings
    tile, first = nx.Graph(), Chains()
    for size in range(1, (target.graph["rows"] + 1) // 2 + 1):
        tile = make(size)
        if first := chains_on(source, in_order(tile), seed):
            break
    free, found, most = nx.Graph(target), list[Chains](), math.inf if copies == "auto" else copies
    for place in places(tile, target) if first else ():
        chains = {variable: tuple(map(place, chain)) for variable, chain in first.items()}
        while chains and len(found) < most:
            if not is_valid_embedding(chains, source, free):
                chains = chains_on(source, in_order(free.subgraph(map(place, tile))), seed, tries=1)
            else:
                found.append(chains)
                free.remove_nodes_from(qubit for chain in chains.values() for qubit in chain)
    return found


def chains_on(source: nx.Graph, target: nx.Graph, seed: int, tries: int = _TRIES) -> Chains:
    """Return the chains that minorminer finds in a graph that is `in_order`, or none."""
    import minorminer

    if len(source) > len(target) or source.size() > target.size():
        return {}
    chains = minorminer.find_embedding(source, target, random_seed=seed, tries=tries)
    return {variable: tuple(chain) for variable, chain in chains.items()}


def in_order(graph: nx.Graph) -> nx.Graph:
    """Return a graph with nodes and edges in ascending order, which minorminer's answer depends on."""
    ordered: nx.Graph = nx.Graph()
    ordered.add_nodes_from(sorted(graph))
    ordered.add_edges_from(sorted((min(edge), max(edge)) for edge in graph.edges))
    return ordered
