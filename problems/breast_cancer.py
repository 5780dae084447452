"""Breast cancer Wisconsin (diagnostic): malignant or benign, by measurements of cell nuclei.

References
----------
W. N. Street, W. H. Wolberg and O. L. Mangasarian, "Nuclear feature extraction for breast tumor diagnosis", SPIE 1905
(1993).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._bundled import above_median, draw_training, load_bundled, most_telling, split_problem, two_classes
from ._family import Bias, Hidden, Loss, SampleCount, Seed, title


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
    data = load_bundled("breast_cancer")
    rows, targets = two_classes("breast_cancer", data.target, (0, 1))
    training = draw_training("breast_cancer", targets, samples, seed)
    inputs = most_telling(above_median(data.data[rows], training), targets, training, features)
    network = Network((features, *hidden, 1), bias)
    name = title("breast_cancer", network, f"N{samples}", f"s{seed}", loss=loss)
    return split_problem(name, network, inputs, targets, training, loss)
