"""Data sets that scikit-learn brings along: two of their classes, split, and made of −1 and +1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError, UnavailableError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem


def load_bundled(name: str) -> Any:
    """Load a data set of `sklearn.datasets`: ``data`` (rows, features), ``target``, ``target_names``; no download.

    Raises
    ------
    UnavailableError
        If scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError:
        raise UnavailableError(
            f"{name}: its data come with scikit-learn, which is not installed; run: pip install scikit-learn."
        ) from None
    return getattr(datasets, f"load_{name}")()


def two_classes(name: str, labels: NDArray[Any], classes: Sequence[Any]) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    """Return rows of the two classes, in the order of the file, and their targets, +1 for the second; (n,) and (n,).

    Raises
    ------
    InputError
        If these are not two of the classes.
    """
    known = list(dict.fromkeys(labels.tolist()))
    if len(classes) != 2 or classes[0] == classes[1] or not set(classes) <= set(known):
        raise InputError(
            f"{name}: classes={list(classes)} came; give two different ones of {', '.join(map(str, known))}."
        )
    rows = np.flatnonzero(np.isin(labels, list(classes)))
    return rows, np.where(labels[rows] == classes[1], 1, -1).astype(np.int8)


def draw_training(name: str, targets: NDArray[np.int8], samples: int, seed: int) -> NDArray[np.bool_]:
    """Draw the rows that train: `samples` at random, as many of each class, or one more of −1; the others are held out.

    Returns
    -------
    ndarray of bool
        Shape (rows,).

    Raises
    ------
    InputError
        If nothing would be held out of a class.
    """
    training = np.zeros(len(targets), dtype=np.bool_)
    generator = np.random.default_rng(seed)
    for target, wanted in ((-1, samples - samples // 2), (1, samples // 2)):
        rows = np.flatnonzero(targets == target)
        if wanted >= len(rows):
            raise InputError(
                f"{name}: samples={samples} takes {wanted} rows of one class for training, but there are {len(rows)}, "
                "and some must be left to test on; ask for fewer."
            )
        training[generator.permutation(rows)[:wanted]] = True
    return training


def split_problem(
    name: str,
    network: Network,
    inputs: NDArray[np.int8],
    targets: NDArray[np.int8],
    training: NDArray[np.bool_],
    loss: LossName,
) -> Problem:
    """Make a problem of the rows that train, with the others held out."""
    return Problem(
        network,
        inputs[training],
        targets[training],
        loss,
        name=name,
        test_inputs=inputs[~training],
        test_targets=targets[~training],
    )


def most_telling(
    inputs: NDArray[np.int8], targets: NDArray[np.int8], training: NDArray[np.bool_], count: int
) -> NDArray[np.int8]:
    """Return the inputs that agree or disagree with the target most often in the training rows; int8 (rows, count)."""
    agreement = np.abs(inputs[training].T.astype(np.int64) @ targets[training])
    return inputs[:, np.sort(np.argsort(-agreement, kind="stable")[:count])]


def above_median(values: NDArray[np.float64], training: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return +1 where a feature is above its median in the training rows, else −1; int8 (rows, features)."""
    return np.where(values > np.median(values[training], axis=0), 1, -1).astype(np.int8)
