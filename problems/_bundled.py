"""Data sets that scikit-learn brings along: two of their classes, split, and made of −1 and +1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError, UnavailableError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import LossName, Problem

from ._family import title


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


@dataclass(frozen=True)
class TwoClasses:
    """Rows of two classes of a data set, and which of them train.

    Attributes
    ----------
    name, seed
        Of the data set, and of the draw of the rows that train.
    values
        (rows, features), as the file has them.
    targets
        ±1, int8 of shape (rows,).
    training
        Whether a row trains, bool of shape (rows,); the others are held out.
    """

    name: str
    seed: int
    values: NDArray[np.float64]
    targets: NDArray[np.int8]
    training: NDArray[np.bool_]

    def problem(
        self, inputs: NDArray[np.int8], hidden: Sequence[int], bias: bool, loss: LossName, shown: str = ""
    ) -> Problem:
        """Return the problem of inputs of all rows, int8 of shape (rows, n), for a network n-hidden-1.

        Parameters
        ----------
        shown
            What its name says of the classes.
        """
        network = Network((inputs.shape[1], *hidden, 1), bias)
        name = title(self.name, shown, network, f"N{self.training.sum()}", f"s{self.seed}", loss=loss)
        return Problem(
            network,
            inputs[self.training],
            self.targets[self.training],
            loss,
            name=name,
            test_inputs=inputs[~self.training],
            test_targets=self.targets[~self.training],
        )


def load_two_classes(name: str, classes: Sequence[Any], samples: int, seed: int) -> TwoClasses:
    """Load the rows of two classes, by number or by name, and draw those that train.

    Raises
    ------
    UnavailableError
        If scikit-learn is not installed.
    InputError
        If these are not two of the classes, or nothing would be held out.
    """
    data = load_bundled(name)
    labels = np.asarray(data.target_names)[data.target] if isinstance(classes[0], str) else data.target
    rows, targets = two_classes(name, labels, classes)
    return TwoClasses(name, seed, data.data[rows], targets, draw_training(name, targets, samples, seed))


def most_telling(data: TwoClasses, count: int) -> NDArray[np.int8]:
    """Return the inputs, cut at medians, that most often agree or disagree with the target in the training rows."""
    inputs, training = above_median(data.values, data.training), data.training
    agreement = np.abs(inputs[training].T.astype(np.int64) @ data.targets[training])
    return inputs[:, np.sort(np.argsort(-agreement, kind="stable")[:count])]


def above_median(values: NDArray[np.float64], training: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return +1 where a feature is above its median in the training rows, else −1; int8 (rows, features)."""
    return np.where(values > np.median(values[training], axis=0), 1, -1).astype(np.int8)
