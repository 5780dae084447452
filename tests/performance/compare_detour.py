"""Print what a way through a QUBO costs: python tests/performance/compare_detour.py [LABELS [NUMBER]].

A way through a QUBO (`wells`, simulated annealing) against the direct ways (`weight_search` on margins and on
errors), all with their defaults: expected processor time to the optimum, Σ seconds / number reached, over NUMBER (6)
problems of the test seeds per size, for perceptrons at a fixed load: `planted` labels at 1.3 samples per weight,
or `random` ones at 0.6, where a loss of 0 is the optimum that counts. Ratios to the QUBO's way, the exponent of each
ratio in the number of weights by least squares, and 95 % intervals by a bootstrap of the problems.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from time_to_optimum import TEST, problem_of, time_to_optimum

SIZES = (11, 15, 21, 31, 41, 61, 81)
LOAD = {"planted": 1.3, "random": 0.6}
LIMIT_S = 1.0
WAYS = {
    "wells": ("wells", "simulated_annealing"),
    "margins": ("soft", "weight_search[cost=margin]"),
    "errors": ("soft", "weight_search"),
}
"""Name, formulation and solver; `weight_search` sees the weights only."""
BOOTSTRAPS = 2000


def expected_seconds(seconds: NDArray[np.float64], reached: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σ seconds / number reached over the last axis; no optimum counts as half a one."""
    return seconds.sum(axis=-1) / np.maximum(reached.sum(axis=-1), 0.5)


def interval(values: NDArray[np.float64]) -> str:
    """Return a 95 % interval."""
    low, high = np.quantile(values, (0.025, 0.975))
    return f"[{low:.3g}, {high:.3g}]"


def main(labels: str, number: int) -> None:
    """Measure and print, a line at a time."""
    shape = (len(WAYS), len(SIZES), number)
    seconds, reached = np.zeros(shape), np.zeros(shape)
    for place, size in enumerate(SIZES):
        samples = round(LOAD[labels] * size)
        for seed in range(number):
            problem = problem_of(labels, (size, 1), samples, TEST + seed)
            for way, (formulation, solver) in enumerate(WAYS.values()):
                attempt = time_to_optimum(problem, formulation, solver, 0.0, LIMIT_S)
                seconds[way, place, seed], reached[way, place, seed] = attempt.seconds, attempt.reached
        times = expected_seconds(seconds[:, place], reached[:, place])
        cells = [
            f"{name} {t:.4g} s ({r:.0f})" for name, t, r in zip(WAYS, times, reached[:, place].sum(1), strict=True)
        ]
        print(f"{size}-1 N{samples}, {labels}, of {number}: {', '.join(cells)}", flush=True)

    picks = np.random.default_rng(0).integers(number, size=(BOOTSTRAPS, 1, len(SIZES), number))
    draws_of = [np.take_along_axis(array[None], picks, axis=-1) for array in (seconds, reached)]
    drawn = expected_seconds(draws_of[0], draws_of[1])
    times = expected_seconds(seconds, reached)
    x = np.log(SIZES)
    for way, name in enumerate(WAYS):
        if way:
            ratio, draws = np.log(times[0] / times[way]), np.log(drawn[:, 0] / drawn[:, way])
            slopes = np.polyfit(x, draws.T, 1)[0]
            print(
                f"wells / {name}: {np.exp(ratio[0]):.3g} {interval(np.exp(draws[:, 0]))} at {SIZES[0]}, "
                f"{np.exp(ratio[-1]):.3g} {interval(np.exp(draws[:, -1]))} at {SIZES[-1]}; "
                f"exponent {np.polyfit(x, ratio, 1)[0]:.2f} {interval(slopes)}"
            )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "planted", int(sys.argv[2]) if len(sys.argv) > 2 else 6)
