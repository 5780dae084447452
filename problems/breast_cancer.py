"""Breast cancer Wisconsin (diagnostic): malignant or benign, by measurements of cell nuclei.

References
----------
W. N. Street, W. H. Wolberg and O. L. Mangasarian, "Nuclear feature extraction for breast tumor diagnosis", SPIE 1905
(1993).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bnnbench.problem.problem import Problem

from ._bundled import load_two_classes, most_telling
from ._family import Bias, Hidden, Loss, SampleCount, Seed


def breast_cancer(
    *,
    features: Annotated[int, Field(ge=1, le=30)] = 7,
    samples: SampleCount = 20,
    hidden: Hidden = (3,),
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Tell malignant (−1) from benign (+1), 212 and 357 patients. Needs scikit-learn.

    Parameters
    ----------
    features
        How many of the 30 measurements become inputs, each +1 above its median in the training rows: those whose
        inputs agree or disagree with the target most often in the training rows, in the order of the file.
    samples
        Training rows, as many of each class; all others are held out.
    seed
        Decides which rows train; at least 0.

    Raises
    ------
    UnavailableError
        If scikit-learn is not installed.
    InputError
        If there are not enough rows.
    """
    data = load_two_classes("breast_cancer", (0, 1), samples, seed)
    return data.problem(most_telling(data, features), hidden, bias, loss)
