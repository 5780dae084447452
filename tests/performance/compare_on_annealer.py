"""Print what an annealer sees of each encoding: python tests/performance/compare_on_annealer.py [--embed SECONDS].

Sizes, dynamic range, and simulated annealing with errors of 0, 1, 2 and 5 % of the machine's units in all coefficients
(`control_errors`): mean errors above the optimum and the share of optimal reads, over three problems of the test seeds.
With --embed, physical qubits and the longest chain on the ideal graphs of an Advantage and an Advantage2, for the first
problem and QUBOs of up to 900 couplings; a search for an embedding ends after SECONDS.
"""

from __future__ import annotations

import sys

import numpy as np
from compare_encodings import ENCODINGS
from time_to_optimum import TEST, problem_of

import bnnbench as bb
from bnnbench.annealer.embedding import QPU_SIZES, hardware_graph

PROBLEMS = {
    "7-3-1 N10 random": ("random", (7, 3, 1), 10),
    "11-1 N8 random": ("random", (11, 1), 8),
    "21-1 N16 random": ("random", (21, 1), 16),
    "15-3-1 N12 planted": ("planted", (15, 3, 1), 12),
}
ERRORS = (0.0, 0.01, 0.02, 0.05)
READS = 200
MOST_COUPLINGS = 900
"""More are not embedded: minorminer takes minutes."""


def quality(instance: bb.Instance, optimum: float, error: float) -> tuple[float, float]:
    """Return the mean errors above the optimum, and the share of optimal reads."""
    solver = bb.load_solver("control_errors", bias_error=error, coupling_error=error)
    batches = solver.sample(solver.prepare(instance), seed=1, budget=bb.Budget(reads=READS))
    losses = np.concatenate([instance.problem.training_loss(instance.decode(batch.bits)) for batch in batches])
    return float(losses.mean() - optimum), float((losses <= optimum).mean())


def embedded_size(instance: bb.Instance, seconds: int) -> str:
    """Return physical qubits and the longest chain on each graph."""
    import minorminer

    qubo, columns = instance.qubo, []
    if len(qubo.rows) > MOST_COUPLINGS:
        return "not sought"
    for topology, size in QPU_SIZES.items():
        graph = hardware_graph(topology, size)
        edges = list(zip(qubo.rows.tolist(), qubo.cols.tolist(), strict=True))
        chains = minorminer.find_embedding(edges, graph.edges, random_seed=1, timeout=seconds, threads=1).values()
        columns.append(f"{sum(map(len, chains)):5} / {max(map(len, chains)):2}" if chains else "not found")
    return "  ".join(columns)


def main(embed_s: int) -> None:
    """Measure and print, a line at a time."""
    for name, (kind, widths, samples) in PROBLEMS.items():
        problems = [problem_of(kind, widths, samples, TEST + k) for k in range(3)]
        optima = [0.0 if kind == "planted" else bb.ground_truth(problem).loss for problem in problems]
        for encoding in ENCODINGS:
            instances = [bb.compile(problem, encoding) for problem in problems]
            qubo = instances[0].qubo
            line = f"{name:18} {encoding:24} {qubo.num_variables:4} {len(qubo.rows):5} {qubo.dynamic_range:7.1f} "
            for error in ERRORS:
                pairs = zip(instances, optima, strict=True)
                gap, share = np.mean([quality(instance, optimum, error) for instance, optimum in pairs], axis=0)
                line += f" {gap:5.2f} {share:5.3f}"
            print(line, embedded_size(instances[0], embed_s) if embed_s else "", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[2]) if sys.argv[1:2] == ["--embed"] else 0)
