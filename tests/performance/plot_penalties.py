"""Draw the suite `penalties`: python tests/performance/plot_penalties.py results/penalties docs/penalties.svg.

A point is the mean loss of all reads above the optimum, over the problems of the suite.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

from bnnbench.metrics import disambiguated
from bnnbench.store.store import read_store

SERIES = {
    "simulated_annealing[num_sweeps=100]": ("annealing, 100 sweeps", "o"),
    "simulated_annealing[num_sweeps=1000]": ("annealing, 1,000 sweeps", "s"),
    "tabu": ("tabu", "^"),
    "path_integral": ("path integral", "D"),
}


def main(results: Path, path: Path) -> None:
    """Read, print and draw."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "bnnbench"
    from matplotlib import pyplot as plt

    with read_store(results) as store:
        runs = disambiguated(store.runs())
    runs["gap"] = runs["mean_loss"] - runs["optimum"]
    means = runs.pivot_table(index="formulation", columns="solver", values="gap")
    print(means[["random", *SERIES]].round(1).to_string())
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for solver, (label, marker) in SERIES.items():
        axis.plot(means[solver], range(len(means)), marker, label=label, fillstyle="none")
    axis.axvline(means["random"].mean(), color="gray", linestyle=":", label="random weights")
    axis.set_yticks(range(len(means)), means.index)
    axis.set(xlabel="mean loss of a read above the optimum [errors]", xlim=(0, None))
    axis.invert_yaxis()
    axis.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=5, frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
