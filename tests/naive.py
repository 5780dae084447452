"""Ground truth by a plain loop over all weight settings, and what must agree with it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import LOSS, all_weights, random_problem

from bnnbench.optimum.prove import search
from bnnbench.problem.problem import Problem

SAMPLES = (1, 2, 3, 63, 64, 65, 200)
"""Around the 64 bits of a word, among others."""
SHAPES = {
    "perceptron": [((4, 1), False), ((3, 2), True), ((9, 1), False), ((4, 3), False)],
    "one output": [((3, 3, 1), False), ((2, 3, 1), False), ((1, 6, 1), False), ((2, 2, 1), True), ((5, 2, 1), False)],
    "several outputs": [((2, 2, 2), False), ((3, 2, 3), False), ((1, 3, 2), True), ((2, 2, 3), False)],
    "two hidden layers": [((2, 2, 2, 1), False), ((3, 2, 1, 2), False), ((1, 2, 2, 1), True), ((3, 1, 3, 1), False)],
    "three hidden layers": [((1, 2, 2, 2, 1), False), ((2, 1, 2, 1, 2), False), ((1, 1, 1, 1, 1), True)],
}


@st.composite
def data_of_every_kind(draw: st.DrawFn, shapes: list[tuple[tuple[int, ...], bool]]) -> Problem:
    """Random samples, some of them repeated, contradicted or opposite; or all of them equal."""
    widths, bias = draw(st.sampled_from(shapes))
    num_samples, loss = draw(st.sampled_from(SAMPLES)), draw(LOSS)
    problem = random_problem(widths, num_samples, bias=bias, loss=loss, seed=draw(st.integers(0, 2**16)))
    inputs, targets = problem.inputs.copy(), problem.targets.copy()
    kind = draw(st.sampled_from(["random", "repeated", "contradictory", "opposite", "equal"]))
    half = num_samples // 2
    if kind == "equal":
        inputs[:], targets[:] = inputs[0], targets[0]
    elif kind != "random":
        inputs[:half] = inputs[num_samples - half :] * (-1 if kind == "opposite" else 1)
        if kind != "opposite":
            targets[:half] = targets[num_samples - half :] * (1 if kind == "repeated" else -1)
    return Problem(problem.network, inputs, targets, loss)


def histogram(problem: Problem) -> dict[float, int]:
    """Number of weight settings by loss."""
    return dict(sorted(Counter(problem.training_loss(all_weights(problem.network)).tolist()).items()))


def optima_of(problem: Problem) -> tuple[float, NDArray[np.int8]]:
    """Least loss, and all settings that reach it in lexicographic order."""
    weights = all_weights(problem.network)
    losses = problem.training_loss(weights)
    return float(losses.min()), weights[losses == losses.min()]


def assert_equals_enumeration(problem: Problem, **options: Any) -> None:
    """Loss, count and optima are those of a plain loop over all settings."""
    loss, optima = optima_of(problem)

    truth = search(problem, max_optima=2**problem.network.num_weights, **options)

    assert truth.kind == "exhaustive"
    assert truth.loss == loss
    assert truth.num_optima == len(optima)
    assert np.array_equal(truth.optima, optima)
    assert not truth.is_capped
    assert truth.is_certified
    assert truth.problem_hash == problem.hash
