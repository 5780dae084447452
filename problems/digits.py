"""Handwritten digits: two of ten, 8×8 gray pixels shrunk to 3×3 or 4×4 black and white ones.

References
----------
E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998); the
1,797 images of its test set.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bnnbench.problem.problem import Problem

from ._bundled import above_median, load_two_classes
from ._family import Bias, Hidden, Loss, SampleCount, Seed

Digit = Annotated[int, Field(ge=0, le=9)]

WIDTH = 8
"""Pixels in a row of an image of the file."""


def digits(
    *,
    classes: tuple[Digit, Digit] = (3, 8),
    size: Literal[3, 4] = 3,
    samples: SampleCount = 20,
    hidden: Hidden = (3,),
    bias: Bias = False,
    loss: Loss = "zero_one",
    seed: Seed = 0,
) -> Problem:
    """Tell two digits apart, some 180 images of each. Needs scikit-learn.

    Parameters
    ----------
    classes
        The digit that is −1, and the one that is +1.
    size
        Pixels in a row of the shrunk image, each the mean gray of the area that it covers, and +1 above its median in
        the training rows; the network has size² inputs, row by row.
    samples
        Training rows, as many of each digit; all others are held out.
    seed
        Decides which rows train; at least 0.

    Raises
    ------
    UnavailableError
        If scikit-learn is not installed.
    InputError
        If the digits are not two, or there are not enough rows.
    """
    data = load_two_classes("digits", classes, samples, seed)
    share = overlaps(size)
    shrunk = share @ data.values.reshape(-1, WIDTH, WIDTH) @ share.T
    inputs = above_median(shrunk.reshape(len(shrunk), -1), data.training)
    return data.problem(inputs, hidden, bias, loss, "-".join(map(str, classes)))


def overlaps(size: int) -> NDArray[np.float64]:
    """Return the share of each old pixel in each of `size` equal parts of a row; float64 (size, 8), rows sum to 1.

    Shares are numbers of 24ths, which 3 and 4 parts have in common, so that equal grays stay equal.
    """
    part, pixel = 24 // size, 24 // WIDTH
    old, new = np.arange(24) // pixel, np.arange(24) // part
    counts = (new[None, :, None] == np.arange(size)[:, None, None]) & (old[None, :, None] == np.arange(WIDTH))
    return np.asarray(counts.sum(axis=1) / part, dtype=np.float64)
