"""Draw the least gap of perceptrons over qubits: python tests/performance/plot_gaps.py docs/gaps.svg [MOST_QUBITS].

A circle is a problem on a qubit per weight, a square the same problem, or another, on the qubits of its QUBO.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bnnbench.annealer.transverse_field import gap_curve
from bnnbench.charts import Chart, Panel, Series, save_chart
from bnnbench.optimum.losses import all_losses
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.qubo.qubo import all_energies

SMALL = [(3, samples) for samples in (2, 3, 4, 5, 6)] + [(5, samples) for samples in (2, 3, 4, 5)] + [(7, 2), (7, 3)]
"""Inputs and samples of the problems that are also compiled."""
LARGE = [(inputs, inputs) for inputs in (9, 11, 13, 15, 17, 19)]
SEEDS = range(3)
POINTS = 9
"""Of each curve, before it is refined."""


def main(path: Path, most_qubits: int) -> None:
    """Compute, print and draw."""
    found: dict[str, list[tuple[int, float]]] = {"weights": [], "compact": []}
    for inputs, samples in SMALL + LARGE:
        for seed in SEEDS:
            problem = load_problem("random_data", widths=[inputs, 1], samples=samples, seed=seed)
            costs = {"weights": all_losses(problem)} if inputs <= most_qubits else {}
            qubo = compile_problem(problem, "compact").qubo
            if (inputs, samples) in SMALL and qubo.num_variables <= most_qubits:
                costs["compact"] = all_energies(qubo.linear, qubo.symmetric(), qubo.offset)
            for name, values in costs.items():
                gap = gap_curve(values, num_points=POINTS).minimum
                found[name].append((len(values).bit_length() - 1, gap))
                print(f"{problem.name} {name}: {found[name][-1][0]} qubits, least gap {gap:.4g} couplings", flush=True)
    save_chart(chart(found), path)


def chart(found: dict[str, list[tuple[int, float]]]) -> Chart:
    """Put all problems in one panel, with a line through the medians of each number of qubits."""
    series = []
    for style, (name, points) in enumerate(found.items()):
        qubits = np.array([point[0] for point in points])
        gaps = np.array([point[1] for point in points])
        sizes = np.unique(qubits)
        medians = [float(np.median(gaps[qubits == size])) for size in sizes]
        series.append(Series("", qubits.tolist(), gaps.tolist(), style, "points"))
        series.append(Series(name, sizes.tolist(), medians, style))
    caption = (
        "Least gap along a linear anneal, in units of the largest coupling of each cost, between the ground state and "
        "the lowest level that does not end as an optimum. Perceptrons with random labels, three per size; lines join "
        "medians. The losses of weights have couplings of all orders, the QUBO has pairs."
    )
    panel = Panel("Least gap of perceptrons", "qubits", "least gap [coupling]", tuple(series), log_y=True)
    return Chart("gaps", "The gap on the weights and on the QUBO", caption, (panel,))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
