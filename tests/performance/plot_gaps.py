"""Draw the least gap of perceptrons: python tests/performance/plot_gaps.py docs/gaps.svg [MOST_QUBITS [POINTS.csv]].

Each problem stands on a qubit per weight and, where they fit, on the qubits of two QUBOs. With POINTS.csv, what was
computed is kept there, line by line, and is not computed again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import bnnbench as bb
from bnnbench.annealer.transverse_field import SAME_COST, gap_curve
from bnnbench.charts import Chart, Panel, Series, save_chart
from bnnbench.optimum.losses import all_losses
from bnnbench.qubo.qubo import all_energies

ROWS = {
    3: (2, 3, 4),
    5: (2, 3, 4, 5),
    7: (2, 3, 4, 6, 8),
    9: (2, 9),
    11: (11,),
    13: (13,),
    15: (15,),
    17: (17,),
}
"""Distinct rows of each number of inputs."""
QUBOS = ("compact", "wells")
SEEDS = range(3)
LARGE = 19
"""Qubits from which the first seed stands alone: a curve takes a minute or more."""
POINTS = 9
"""Of each curve, before it is refined."""
COLUMNS = ("inputs", "rows", "seed", "cost", "qubits", "gap", "at", "optima", "levels", "optimal", "processor_s")
DRAWS = 2000


def costs_of(
    problem: bb.Problem, names: list[str], most_qubits: int
) -> Iterator[tuple[str, NDArray[np.float64], bb.Instance | None]]:
    """Yield the costs of all states, of the weights and of each QUBO, where they are small enough."""
    if "weights" in names and problem.network.num_weights <= most_qubits:
        yield "weights", all_losses(problem), None
    for name in (name for name in QUBOS if name in names):
        instance = bb.compile(problem, name)
        qubo = instance.qubo
        if qubo.num_variables <= most_qubits:
            yield name, all_energies(qubo.linear, qubo.symmetric(), qubo.offset), instance


def optimal_share(problem: bb.Problem, values: NDArray[np.float64], instance: bb.Instance | None) -> float:
    """Return the share of ground states whose weights have the least loss."""
    if instance is None:
        return 1.0
    states = np.flatnonzero(values <= values.min() + SAME_COST)
    bits = (states[:, None] >> np.arange(instance.qubo.num_variables) & 1).astype(np.int8)
    losses = problem.training_loss(instance.decode(bits))
    return float((losses <= all_losses(problem).min()).mean())


def computed(most_qubits: int, path: Path | None) -> pd.DataFrame:
    """Compute the gaps, and print each as it comes."""
    lines = list(csv.DictReader(path.open())) if path and path.exists() else []
    known = {tuple(line[c] for c in COLUMNS[:4]) for line in lines}
    rows = [(inputs, rows) for inputs, all_rows in ROWS.items() for rows in all_rows]
    for inputs, num_rows in rows:
        for seed in SEEDS:
            place = (str(inputs), str(num_rows), str(seed))
            problem = bb.load_problem(
                "distinct_rows", widths=[inputs, 1], load=num_rows / inputs, labels="random", seed=seed
            )
            most = most_qubits if seed == 0 else min(most_qubits, LARGE - 1)
            asked = [name for name in ("weights", *QUBOS) if (*place, name) not in known]
            for name, values, instance in costs_of(problem, asked, most):
                optima = int((values <= values.min() + SAME_COST).sum())
                start = process_time()
                curve = gap_curve(values, num_points=POINTS)
                spent, share = round(process_time() - start, 2), optimal_share(problem, values, instance)
                qubits, levels = len(values).bit_length() - 1, curve.num_ground_levels
                figures = (*place, name, qubits, curve.minimum, curve.at, optima, levels, share, spent)
                lines.append(dict(zip(COLUMNS, map(str, figures), strict=True)))
                print(*lines[-1].values(), flush=True)
                if path:
                    pd.DataFrame(lines).to_csv(path, index=False)
    table = pd.DataFrame(lines)
    return table.astype({c: float for c in COLUMNS if c != "cost"})


def pairs_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ratio of the gap of the weights to that of a QUBO, on the same problem, and the ancillas."""
    key = ["inputs", "rows", "seed"]
    weights = table[table.cost == "weights"].set_index(key).gap.rename("of_weights")
    pairs = table[table.cost != "weights"].join(weights, on=key, how="inner")
    return pairs.assign(ratio=pairs.of_weights / pairs.gap, ancillas=pairs.qubits - pairs.inputs)


def growth(pairs: pd.DataFrame) -> float:
    """Return the slope of log₂ ratio over ancillas by least squares, with a constant for each number of inputs."""
    centered = pairs.assign(y=np.log2(pairs.ratio), x=pairs.ancillas)[["x", "y", "inputs"]]
    centered = centered[["x", "y"]] - centered.groupby("inputs")[["x", "y"]].transform("mean")
    return float((centered.x * centered.y).sum() / (centered.x**2).sum())


def median_ratio(pairs: pd.DataFrame) -> float:
    """Return the median over problems."""
    return float(pairs.ratio.median())


def slope(table: pd.DataFrame) -> float:
    """Return the slope of log₂ gap over qubits."""
    return float(np.polyfit(table.qubits, np.log2(table.gap), 1)[0])


def drawn(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], float], random: np.random.Generator) -> str:
    """Return a statistic with the 95 % interval of a bootstrap over problems."""
    draws = [statistic(table.iloc[random.integers(len(table), size=len(table))]) for _ in range(DRAWS)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{statistic(table):.2f} [{low:.2f}, {high:.2f}]"


def chart(table: pd.DataFrame, pairs: pd.DataFrame) -> Chart:
    """Put all gaps in one panel, with lines through the medians, and the ratios on the same problem in another."""
    left, right = [], []
    for style, name in enumerate(("weights", *QUBOS)):
        own = table[table.cost == name]
        medians = own.groupby("qubits").gap.median()
        left.append(Series("", own.qubits.tolist(), own.gap.tolist(), style, "points"))
        left.append(Series(name, medians.index.tolist(), medians.tolist(), style))
        own = pairs[pairs.cost == name]
        if len(own):
            medians = own.groupby("ancillas").ratio.median()
            right.append(Series("", own.ancillas.tolist(), own.ratio.tolist(), style, "points"))
            right.append(Series("", medians.index.tolist(), medians.tolist(), style))
    caption = (
        "Least gap along a linear anneal, in units of the largest coupling of each cost, between the ground state and "
        "the lowest level that does not end as an optimum. Perceptrons with random labels of distinct rows, three per "
        "size; lines join medians. The losses of weights have couplings of all orders, the QUBOs have pairs."
    )
    panels = (
        Panel("Least gap", "qubits", "gap [coupling]", tuple(left), log_y=True),
        Panel("On the same problem", "ancillas", "weights / QUBO", tuple(right), log_y=True),
    )
    return Chart("gaps", "The gap on the weights and on the QUBO", caption, panels)


def main(path: Path, most_qubits: int, points: Path | None) -> None:
    """Compute, print and draw."""
    table = computed(most_qubits, points)
    pairs = pairs_of(table)
    random = np.random.default_rng(0)
    for name, own in table.groupby("cost"):
        sizes = f"{len(own)} gaps, {own.qubits.min():.0f} to {own.qubits.max():.0f} qubits"
        ends, optimal = int((own["at"] == 1).sum()), int((own.optimal == 1).sum())
        print(f"{name}: {sizes}; least at the end: {ends}; all ground states of least loss: {optimal}")
        print(f"  median {own.gap.median():.3f} couplings; log2 gap per qubit {drawn(own, slope, random)}")
    for name, own in pairs.groupby("cost"):
        print(f"{name}: {len(own)} pairs, the gap of the weights larger in {(own.ratio > 1).sum()}")
        print(f"  median ratio {drawn(own, median_ratio, random)}")
        print(f"  log2 ratio per ancilla at given inputs {drawn(own, growth, random)}")
        columns = {"qubits": "first", "of_weights": "median", "gap": "median", "ratio": "median"}
        print(own.groupby(["inputs", "rows"]).agg(columns).round(3))
    save_chart(chart(table, pairs), path)


if __name__ == "__main__":
    arguments = sys.argv[2:]
    main(Path(sys.argv[1]), int(arguments[0]) if arguments else 20, Path(arguments[1]) if len(arguments) > 1 else None)
