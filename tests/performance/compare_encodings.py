"""Print the time to the optimum: python tests/performance/compare_encodings.py [NUMBER [ROW …]].

Simulated annealing on one core, with its default schedule; 20 problems of the test seeds, unless another NUMBER is
given, and a quarter of them for the encodings other than wells. Every encoding has the same limit. Rows are those of
`ROWS`, all by default.
"""

from __future__ import annotations

import sys

import numpy as np
from time_to_optimum import TEST, Attempt, median_seconds, problem_of, time_to_optimum

import bnnbench as bb

ROWS = {
    "21-1 N16 random": ("random", (21, 1), 16, 0.2, 100),
    "31-1 N23 random": ("random", (31, 1), 23, 0.2, 100),
    "61-1 N80 planted": ("planted", (61, 1), 80, 0.2, 100),
    "101-1 N160 planted": ("planted", (101, 1), 160, 5.0, 500),
    "7-7-1 N40 random": ("random", (7, 7, 1), 40, 1.0, 100),
    "15-7-1 N40 planted": ("planted", (15, 7, 1), 40, 1.0, 100),
    "31-3-1 N80 planted": ("planted", (31, 3, 1), 80, 10.0, 100),
}
"""Labels, widths, samples, the limit in seconds, which is the aim for the median as well, and sweeps per read."""
ENCODINGS = ("wells", "soft", "reduced[counter=paired]", "reduced", "compact")


def line(attempts: list[Attempt]) -> str:
    """Return the columns of one cell."""
    reached = [a for a in attempts if a.reached]
    costs = sum(a.seconds for a in attempts) / sum(a.reads for a in attempts)
    return (
        f"{int(np.median([a.variables for a in attempts])):6} {len(reached):3} of {len(attempts)} "
        f"{median_seconds(attempts):9.3f} s {np.mean([a.mean_errors for a in attempts]):8.2f} {1e3 * costs:8.2f} ms"
    )


def main(number: int, rows: list[str]) -> None:
    """Measure and print, a line at a time."""
    print(f"{'problem':20} {'formulation':24} {'bits':>6} reached  median time  errors   a read")
    for row in rows or ROWS:
        kind, widths, samples, limit_s, sweeps = ROWS[row]
        solver = f"simulated_annealing[num_sweeps={sweeps}]"
        problems = [problem_of(kind, widths, samples, TEST + k) for k in range(number)]
        optima = [0.0 if kind == "planted" else bb.ground_truth(problem).loss for problem in problems]
        pairs = list(zip(problems, optima, strict=True))
        for encoding in ENCODINGS:
            attempts = [
                time_to_optimum(problem, encoding, solver, optimum, limit_s)
                for problem, optimum in pairs[: number if encoding == "wells" else max(1, number // 4)]
            ]
            print(f"{row:20} {encoding:24} {line(attempts)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:])
