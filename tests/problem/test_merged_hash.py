"""Problems that are one when equal and opposite samples are merged have one hash, and others have another."""

from __future__ import annotations

import numpy as np
import pytest

from bnnbench.problem.merging import merged_hash
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

INPUTS = np.array([[1, 1, -1], [1, -1, 1], [-1, 1, 1]], dtype=np.int8)
TARGETS = np.array([1, -1, 1], dtype=np.int8)


def problem(order, signs=(1, 1, 1), targets=TARGETS, **changes):
    rows, signs = list(order), np.array(signs, dtype=np.int8)
    signs = np.resize(signs, len(rows))
    return Problem(Network((3, 1)), INPUTS[rows] * signs[:, None], targets[rows] * signs, **changes)


@pytest.mark.parametrize(
    "other",
    [problem((2, 0, 1)), problem((0, 1, 2), (1, -1, 1)), problem((0, 1, 2, 0, 1, 2)), problem((0, 1, 2), name="b")],
)
def test_order_opposites_and_repetitions_of_all_samples_make_no_other_problem(other):
    assert merged_hash(other) == merged_hash(problem((0, 1, 2)))


@pytest.mark.parametrize(
    "other",
    [
        problem((0, 1)),
        problem((0, 1, 2, 2)),
        problem((0, 1, 2), targets=-TARGETS),
        problem((0, 1, 2), loss="margin"),
        Problem(Network((3, 3, 1)), INPUTS, TARGETS),
    ],
)
def test_other_samples_weights_targets_losses_and_networks_make_another(other):
    assert merged_hash(other) != merged_hash(problem((0, 1, 2)))
