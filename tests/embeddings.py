"""Embeddings into the graph of a topology; a module of its own, so that other processes can import it."""

from __future__ import annotations

from bnnbench.annealer.embedding import Embedding, Topology, find_embedding_on, hardware_graph
from bnnbench.qubo.qubo import Qubo


def find_embedding(qubo: Qubo, topology: Topology, size: int, seed: int) -> Embedding:
    return find_embedding_on(qubo, hardware_graph(topology, size), seed, f"{topology}-{size}")
