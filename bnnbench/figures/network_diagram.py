"""Network diagram: neurons and the signs of their weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.figures.chart import Chart, Panel, Series
from bnnbench.figures.evidence import Evidence
from bnnbench.figures.landscape import MAX_PROBLEMS
from bnnbench.problem.network import Network

PLUS, MINUS, NEURON = 0, 1, 6
"""Looks: solid blue, dashed vermilion, and gray."""
Place = tuple[float, float]


def network_diagram(evidence: Evidence) -> Chart:
    """Optimal weights and the best learned ones of each problem, two panels each, of the first few problems.

    Raises
    ------
    InputError
        If no weights are known.
    """
    panels: list[Panel] = []
    for key in evidence.problems:
        panels += network_panels(evidence, key)
        if len(panels) >= MAX_PROBLEMS:
            break
    if not panels:
        raise InputError(f"{evidence.name}: no weights are known yet; run a solver, or find the ground truth.")
    return Chart(
        "network_diagram",
        "Networks",
        "Inputs at the bottom; solid lines: weight +1; dashed lines: weight −1.",
        tuple(panels[:MAX_PROBLEMS]),
    )


def network_panels(evidence: Evidence, problem_hash: str) -> list[Panel]:
    """The optimum that was found, if any, and the best weights that a run learned, if any, of one problem."""
    problem = evidence.problems[problem_hash]
    panels = []
    truth = evidence.truths.get(problem_hash)
    if truth is not None and len(truth.optima):
        word = "an optimum" if truth.is_certified else "best known"
        panels.append(_panel(problem.network, truth.optima[0], f"{problem.name}\n{word}"))
    if problem_hash in evidence.learned:
        who, weights = evidence.learned[problem_hash]
        panels.append(_panel(problem.network, weights, f"{problem.name}\n{who}"))
    return panels


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
        Series(label, [x for x, _ in lines[sign]], [y for _, y in lines[sign]], look, "trend")
        for sign, label, look in ((1, "weight +1", PLUS), (-1, "weight −1", MINUS))
        if lines[sign]
    ]
    series.append(Series("", [x for x, _ in neurons], [y for _, y in neurons], NEURON, "points"))
    return Panel(title, "", "", tuple(series), has_axes=False)
