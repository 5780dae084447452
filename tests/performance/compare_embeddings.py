"""Print the largest perceptron and committee that embed: python tests/performance/compare_embeddings.py [SECONDS].

Bisection over the inputs n, odd, on the ideal graphs of an Advantage and an Advantage2. A size embeds if a clique of
its variables does (minorminer.busclique), or else if minorminer finds an embedding within SECONDS of processor time (5
by default) with seed 1. So each size is a lower bound. Rows are 0.75 per weight, labels random.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any

import minorminer
import networkx as nx
from minorminer.busclique import busgraph_cache

import bnnbench as bb
from bnnbench.annealer.embedding import QPU_SIZES, hardware_graph

FAMILIES = {"n-1": range(3, 152, 2), "n-3-1": range(5, 62, 2)}
"""Numbers of inputs that are tried; 3 inputs have too few distinct rows for a committee."""
ENCODINGS = ("wells", "soft", "reduced", "compact")
LOAD = 0.75
MOST_COUPLINGS = 3000
"""More are not handed to minorminer, which would not find an embedding in seconds."""


def sought(edges: list[tuple[int, int]], graph: nx.Graph, seconds: int, answer: Connection) -> None:
    """Send the lengths of the chains; the system ends the process at its limit of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = seconds + round(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    chains = minorminer.find_embedding(edges, graph.edges, random_seed=1, timeout=3600, threads=1)
    answer.send([len(chain) for chain in chains.values()])


def embedded(instance: bb.Instance, graph: nx.Graph, cliques: Any, seconds: int) -> tuple[str, list[int]]:
    """Return how a QUBO was embedded, and the lengths of its chains; none where neither way found one."""
    qubo = instance.qubo
    clique = [len(chain) for chain in cliques.find_clique_embedding(qubo.num_variables).values()]
    if clique or len(qubo.rows) > MOST_COUPLINGS:
        return "clique", clique
    edges = list(zip(qubo.rows.tolist(), qubo.cols.tolist(), strict=True))
    receiver, sender = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.get_context("fork").Process(target=sought, args=(edges, graph, seconds, sender))
    worker.start()
    sender.close()
    worker.join()
    try:
        return "minorminer", receiver.recv()
    except EOFError:  # it was ended at its limit
        return "minorminer", []


def largest(inputs: range, hidden: list[int], encoding: str, graph: nx.Graph, cliques: Any, seconds: int) -> str:
    """Describe the largest network that embeds, by bisection."""
    found: dict[int, str] = {}
    low, high = -1, len(inputs)
    while high - low > 1:
        place = (low + high) // 2
        widths = [inputs[place], *hidden, 1]
        problem = bb.load_problem("distinct_rows", widths=widths, load=LOAD, labels="random")
        instance = bb.compile(problem, encoding)
        way, chains = embedded(instance, graph, cliques, seconds)
        if chains:
            low, qubo = place, instance.qubo
            found[place] = (
                f"{problem.network} N{problem.num_samples}: {qubo.num_variables} variables, {len(qubo.rows)} "
                f"couplings, dynamic range {qubo.dynamic_range:.1f}, {sum(chains)} qubits, longest chain "
                f"{max(chains)}, by {way}"
            )
        else:
            high = place
    return found.get(low, "none")


def main(seconds: int) -> None:
    """Search and print, a line per family, encoding and graph."""
    for topology, size in QPU_SIZES.items():
        graph = hardware_graph(topology, size)
        cliques = busgraph_cache(graph)
        print(f"{topology} {size}: the largest clique has {len(cliques.largest_clique())} variables", flush=True)
        for family, inputs in FAMILIES.items():
            hidden = [3] if family == "n-3-1" else []
            for encoding in ENCODINGS:
                line = largest(inputs, hidden, encoding, graph, cliques, seconds)
                print(f"{topology:8} {family:6} {encoding:8} {line}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
