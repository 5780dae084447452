"""The published experiment: mini-batches of LIBSVM a1a (UCI Adult), columns 6, 22, 36, for a 3-3-1 network.

`a1a_batches.csv` lists the batches of both experiments, `a1a_counts.csv` counts the distinct rows among all 1,605.
Columns 22 and 36 are equal in every row, so that two inputs inform. `a1a_rows.csv` has the other selections of the
authors' notebook: 15 columns of all rows, in the order of its shuffle, 0 and 1.
Adult (B. Becker and R. Kohavi, UCI Machine Learning Repository, 1996) is under CC BY 4.0.

References
----------
M. Sasdelli and T.-J. Chin, "Quantum Annealing Formulation for Binary Neural Networks", arXiv 2107.02751 (2021).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bnnbench.errors import InputError
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem

from ._family import Hidden, Loss, title


def a1a(
    *,
    experiment: Literal[0, 1] = 0,
    batch: int | Literal["all"] = 0,
    features: Literal[3, 7, 9, 15] = 3,
    hidden: Hidden = (3,),
    loss: Loss = "zero_one",
    held_out: bool = True,
) -> Problem:
    """Learn the income class of a batch of a1a; the test data are all 1,605 rows, those of the batch included.

    Parameters
    ----------
    experiment
        0 for batches of 4 samples, 1 for batches of 8.
    batch
        0 to 19; ``"all"`` trains on all 1,605 rows, whatever the experiment, and has no held-out data.
    features
        3 as published; or the columns with a mean activity within (0.3, 0.65), (0.3, 0.7) or (0.21, 0.79), which are
        7, 9 and 15.
    held_out
        Whether the test data of a batch are all 1,605 rows. They contain the training rows.

    Raises
    ------
    InputError
        If there is no such batch.
    """
    network = Network((features, *hidden, 1))
    shape = "" if features == 3 and hidden == (3,) else network
    everything = _published() if features == 3 else _selected(features)
    if batch == "all":
        return Problem(network, everything[:, :-1], everything[:, -1:], loss, name=title("a1a-all", shape, loss=loss))
    if not 0 <= batch < 20:
        raise InputError(f'a1a: batches are numbered 0 to 19, but batch={batch} came; give one of them, or "all".')
    if features == 3:
        batches = _read("a1a_batches.csv")
        rows = batches[(batches[:, 0] == experiment) & (batches[:, 1] == batch), 3:]
    else:
        size = (4, 8)[experiment]
        rows = everything[batch * size : (batch + 1) * size]
    return Problem(
        network,
        rows[:, :-1],
        rows[:, -1:],
        loss,
        name=title(f"a1a-e{experiment}-b{batch:02d}", shape, "" if held_out else "train-only", loss=loss),
        test_inputs=everything[:, :-1] if held_out else None,
        test_targets=everything[:, -1:] if held_out else None,
    )


_RANGES = {7: (0.3, 0.65), 9: (0.3, 0.7), 15: (0.21, 0.79)}
"""Mean activity of the columns that are selected, by their number."""


def _published() -> NDArray[Any]:
    """Return three inputs and the target of all rows, ±1, equal rows together."""
    counts = _read("a1a_counts.csv")
    return np.repeat(counts[:, :4], counts[:, 4], axis=0)


def _selected(features: int) -> NDArray[Any]:
    """Return that many inputs and the target of all rows, ±1, in the order of the notebook."""
    rows, (low, high) = _read("a1a_rows.csv"), _RANGES[features]
    activity = rows[:, :-1].mean(axis=0)
    kept = [*((low < activity) & (activity < high)), True]
    return 2 * rows[:, kept] - 1


def _read(file: str) -> NDArray[Any]:
    return np.loadtxt(Path(__file__).with_name(file), dtype=np.int64, delimiter=",", skiprows=1)
