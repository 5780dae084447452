"""Neurons of each problem and the signs of their weights."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bnnbench.charts import Panel, PlotData, Series, figure
from bnnbench.problem.network import Network

MAX_PANELS = 6
PLUS, MINUS, NEURON = 0, 1, 6
"""Styles: solid blue, dashed vermilion, and gray."""
Place = tuple[float, float]


@figure(
    title="Networks",
    caption="An optimum, and the best weights that a run learned, of the first few problems. Inputs are at the bottom; "
    "solid lines: weight +1; dashed lines: weight −1.",
    missing="no weights are known yet; run a solver, or find the ground truth",
    pages=("problem",),
    place=10,
)
def network_diagram(data: PlotData) -> Iterator[Panel]:
    """Yield a panel for the optimum that was found, if any, and one for the best learned weights, of each problem."""
    yield from islice((panel for key in data.problems for panel in _panels(data, key)), MAX_PANELS)


def _panels(data: PlotData, problem_hash: str) -> Iterator[Panel]:
    problem, truth = data.problems[problem_hash], data.truths.get(problem_hash)
    if truth is not None and len(truth.optima):
        certainty = "an optimum" if truth.is_certified else "best known"
        yield _panel(problem.network, truth.optima[0], f"{problem.name}\n{certainty}")
    if problem_hash in data.learned:
        who, weights = data.learned[problem_hash]
        yield _panel(problem.network, weights, f"{problem.name}\n{who}")


def _panel(network: Network, weights: NDArray[np.int8], title: str) -> Panel:
    places = [
        [((k + 0.5) / width, layer / network.num_layers) for k in range(width)]
        for layer, width in enumerate(network.widths)
    ]
    lines: dict[int, list[Place]] = {1: [], -1: []}
    neurons = [place for row in places for place in row]
    for layer in range(1, network.num_layers + 1):
        below = list(places[layer - 1])
        if network.bias:
            below.append((1.06, (layer - 1) / network.num_layers))
            neurons.append(below[-1])
        for place, row in zip(places[layer], network.layer_weights(weights, layer).tolist(), strict=True):
            for start, weight in zip(below, row, strict=True):
                lines[weight] += [start, place, (float("nan"), float("nan"))]
    series = [
        Series(label, [x for x, _ in lines[sign]], [y for _, y in lines[sign]], style, "trend")
        for sign, label, style in ((1, "weight +1", PLUS), (-1, "weight −1", MINUS))
        if lines[sign]
    ]
    series.append(Series("", [x for x, _ in neurons], [y for _, y in neurons], NEURON, "points"))
    return Panel(title, "", "", tuple(series), has_axes=False)
