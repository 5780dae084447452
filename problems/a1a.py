"""The published experiment: mini-batches of LIBSVM a1a (UCI Adult), columns 6, 22, 36, for a 3-3-1 network.

`a1a_batches.csv` lists the batches of both experiments, `a1a_counts.csv` counts the distinct rows among all 1,605.
Columns 22 and 36 are equal in every row, so that two inputs inform.

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
from bnnbench.problem.problem import LossName, Problem

from ._family import Widths, title


def a1a(
    *,
    experiment: Literal[0, 1] = 0,
    batch: int | Literal["all"] = 0,
    hidden: Widths = (3,),
    loss: LossName = "zero_one",
    held_out: bool = True,
) -> Problem:
    """Learn the income class of a batch of a1a; the test data are all 1,605 rows, those of the batch included.

    Parameters
    ----------
    experiment
        0 for batches of 4 samples, 1 for batches of 8.
    batch
        0 to 19; ``"all"`` trains on all 1,605 rows, whatever the experiment, and has no held-out data.
    hidden
        Widths of the hidden layers, each at least 1; a single number is one layer.
    loss
        See `bnnbench.Problem`.
    held_out
        Whether the test data of a batch are all 1,605 rows. They contain the training rows.

    Raises
    ------
    InputError
        If there is no such batch.
    """
    network = Network((3, *hidden, 1))
    shape = "" if hidden == (3,) else network
    counts = _read("a1a_counts.csv")
    everything = np.repeat(counts[:, :4], counts[:, 4], axis=0)
    if batch == "all":
        return Problem(network, everything[:, :3], everything[:, 3:], loss, name=title("a1a-all", shape, loss=loss))
    batches = _read("a1a_batches.csv")
    rows = batches[(batches[:, 0] == experiment) & (batches[:, 1] == batch), 3:]
    if not len(rows):
        raise InputError(f'a1a: batches are numbered 0 to 19, but batch={batch} came; give one of them, or "all".')
    return Problem(
        network,
        rows[:, :3],
        rows[:, 3:],
        loss,
        name=title(f"a1a-e{experiment}-b{batch:02d}", shape, "" if held_out else "train-only", loss=loss),
        test_inputs=everything[:, :3] if held_out else None,
        test_targets=everything[:, 3:] if held_out else None,
    )


def _read(file: str) -> NDArray[Any]:
    return np.loadtxt(Path(__file__).with_name(file), dtype=np.int64, delimiter=",", skiprows=1)
