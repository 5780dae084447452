"""Draw how the cost of a certified optimum grows: python tests/performance/plot_growth.py docs/ground_truth_growth.svg.

Medians, least and largest over five random problems; a search that is not over in the limit counts as the limit.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from time import perf_counter

import matplotlib as mpl
import numpy as np

from bnnbench.optimum.prove import compile_kernels, search
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

LIMIT_S = 60.0
SWEEPS = {
    "samples N": [
        ("7-7-1", [(n, (7, 7, 1), n) for n in (10, 20, 40, 60, 80, 100, 150, 200)]),
        ("15-3-1", [(n, (15, 3, 1), n) for n in (10, 20, 30, 40, 50)]),
    ],
    "hidden neurons h": [
        ("7-h-1, N = 40", [(h, (7, h, 1), 40) for h in (1, 3, 5, 7, 9, 11)]),
    ],
    "inputs d": [
        ("d-3-1, N = 40", [(d, (d, 3, 1), 40) for d in (3, 5, 7, 9, 11, 13, 15, 17)]),
        ("d-7-1, N = 40", [(d, (d, 7, 1), 40) for d in (3, 5, 7, 9)]),
    ],
}


def seconds_of(widths: tuple[int, ...], samples: int, seed: int) -> float:
    """Seconds to certify the optimum of one random problem."""
    generator = np.random.default_rng(seed)
    inputs, targets = (generator.choice([-1, 1], (samples, width)) for width in (widths[0], widths[-1]))
    start = perf_counter()
    truth = search(Problem(Network(widths), inputs, targets), seconds=LIMIT_S, count=False)
    return min(perf_counter() - start, LIMIT_S) if truth.is_certified else LIMIT_S


def main(path: Path) -> None:
    """Measure, print and draw."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "bnnbench"
    from matplotlib import pyplot as plt

    compile_kernels(2)
    figure, axes = plt.subplots(1, len(SWEEPS), figsize=(10, 3.2), sharey=True, layout="constrained")
    for axis, (name, series) in zip(axes, SWEEPS.items(), strict=True):
        for (label, points), marker in zip(series, "os", strict=False):
            rows = [(x, [seconds_of(widths, samples, seed) for seed in range(5)]) for x, widths, samples in points]
            for x, seconds in rows:
                print(f"{label}: {name} = {x}: median {statistics.median(seconds):.4f} s, longest {max(seconds):.4f} s")
            medians = np.array([statistics.median(seconds) for _, seconds in rows])
            low, high = (np.array([bound(seconds) for _, seconds in rows]) for bound in (min, max))
            axis.errorbar([x for x, _ in rows], medians, (medians - low, high - medians), marker=marker, label=label)
        axis.set(xlabel=name, yscale="log")
        axis.axhline(LIMIT_S, color="gray", linewidth=0.8, linestyle=":")
        axis.legend(frameon=False, fontsize=8)
        axis.grid(alpha=0.3)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("certified after [s]")
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
