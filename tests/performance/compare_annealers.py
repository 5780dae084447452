"""Print which annealer solves `wells`: python tests/performance/compare_annealers.py [NUMBER [ROW …]].

Problems of the test split of the set `ladder`, all solvers with their defaults, one core, one seed. Each has the same
processor time per problem, from preparing to its first optimal weights; a batch that begins within it is finished.
Compiling and embedding are apart. Intervals are Clopper–Pearson's, 95 %, over problems.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import beta
from time_to_optimum import Attempt, time_to_optimum

import bnnbench as bb

CELLS = {
    "11-1 α1.5": ([11, 1], 1.5),
    "21-1 α0.75": ([21, 1], 0.75),
    "31-1 α1.3": ([31, 1], 1.3),
    "7-7-1 α0.75": ([7, 7, 1], 0.75),
}
FIRST = 20
"""First seed of the test split."""
LIMIT_S = 0.5
SOLVERS = ("simulated_annealing", "tabu", "path_integral", "parallel_tempering")
EMULATED = "dwave_emulated[annealer='simulated_annealing[num_sweeps=1000]']"
EMBEDDED = {"11-1 α1.5": 3, "21-1 α0.75": 1}
"""Problems that are embedded: a search takes some seconds."""


def line(attempts: list[Attempt], optima: list[float]) -> str:
    """Return the columns of one cell."""
    k, n = sum(a.reached for a in attempts), len(attempts)
    low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    times = sorted(a.seconds if a.reached else np.inf for a in attempts)
    above = np.mean([a.mean_errors - optimum for a, optimum in zip(attempts, optima, strict=True)])
    spent = sum(a.seconds for a in attempts)
    return (
        f"{k:2} of {n:2} [{100 * low:3.0f}, {100 * high:3.0f}] % {times[(n - 1) // 2]:8.3f} s {spent:6.1f} s "
        f"{above:6.2f} {1e3 * spent / sum(a.reads for a in attempts):8.2f} ms"
    )


def main(number: int, rows: list[str]) -> None:
    """Measure and print, a line at a time."""
    print(f"{'problem':14} {'solver':40} reached          median time   spent  errors   a read")
    for row in rows or CELLS:
        widths, load = CELLS[row]
        seeds = range(FIRST, FIRST + number)
        problems = [
            bb.load_problem("distinct_rows", widths=widths, load=load, labels="random", seed=seed) for seed in seeds
        ]
        optima = [bb.ground_truth(problem).loss for problem in problems]
        pairs = list(zip(problems, optima, strict=True))
        for solver in (*SOLVERS, *([EMULATED] if row in EMBEDDED else [])):
            few = pairs[: EMBEDDED[row]] if solver == EMULATED else pairs
            if solver == EMULATED:
                for problem, _ in few:
                    bb.load_solver(solver).prepare(bb.compile(problem, "wells"))  # embeddings are kept
            attempts = [time_to_optimum(problem, "wells", solver, optimum, LIMIT_S) for problem, optimum in few]
            print(f"{row:14} {solver[:40]:40} {line(attempts, [o for _, o in few])}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:])
