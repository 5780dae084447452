"""Fisher's irises: two of three species by the length and width of sepals and petals.

References
----------
R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from bnnbench.problem.problem import Problem

from ._bundled import load_two_classes
from ._family import Bias, Hidden, Loss, SampleCount, Seed, thresholds


def iris(
    *,
    classes: tuple[Literal["setosa", "versicolor", "virginica"], Literal["setosa", "versicolor", "virginica"]] = (
        "versicolor",
        "virginica",
    ),
    levels: Annotated[int, Field(ge=1, le=10)] = 1,
    samples: SampleCount = 20,
    hidden: Hidden = (3,),
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Tell two species of iris apart, 50 flowers of each. Needs scikit-learn.

    Parameters
    ----------
    classes
        The species that is −1, and the one that is +1. Only setosa is linearly separable from the others.
    levels
        Inputs per measurement, which compare it with the quantiles 1/(k+1), …, k/(k+1) of the training rows; of those
        that split the rows alike one is kept.
    samples
        Training rows, as many of each species; all others are held out.
    seed
        Decides which rows train; at least 0.

    Raises
    ------
    UnavailableError
        If scikit-learn is not installed.
    InputError
        If the species are not two, or there are not enough rows.
    """
    data = load_two_classes("iris", classes, samples, seed)
    cut = [column[:, None] > thresholds(column[data.training], levels) for column in data.values.T]
    inputs = np.where(np.hstack(cut), 1, -1).astype(np.int8)
    species = "" if classes == ("versicolor", "virginica") else "-".join(classes)
    return data.problem(inputs, hidden, bias, loss, species)
