"""Wines: two of three growers in the same region of Italy, by chemical analyses.

References
----------
S. Aeberhard and M. Forina, "Wine", UCI Machine Learning Repository (1992).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bnnbench.problem.problem import Problem

from ._bundled import load_two_classes, most_telling
from ._family import Bias, Hidden, Loss, SampleCount, Seed

Grower = Annotated[int, Field(ge=0, le=2)]


def wine(
    *,
    classes: tuple[Grower, Grower] = (0, 1),
    features: Annotated[int, Field(ge=1, le=13)] = 9,
    samples: SampleCount = 20,
    hidden: Hidden = (3,),
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Tell the wines of two growers apart, 59, 71 and 48 wines. Needs scikit-learn.

    Parameters
    ----------
    classes
        The grower that is −1, and the one that is +1.
    features
        How many of the 13 measurements become inputs, each +1 above its median in the training rows: those whose
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
        If the growers are not two, or there are not enough rows.
    """
    data = load_two_classes("wine", classes, samples, seed)
    return data.problem(most_telling(data, features), hidden, bias, loss, "-".join(map(str, classes)))
