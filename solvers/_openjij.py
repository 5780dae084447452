"""Samplers of OpenJij: what its adapters have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bnnbench.solver.contract import Objective
from bnnbench.solver.dimod import DimodSolver


class OpenJijSolver(DimodSolver):
    """One read per call, because all reads of a call that is given a seed are the same.

    The library's model is built once: built for each call, from a dimod model, it takes longer than an anneal. The
    library runs on as many threads as OpenMP may: one in a campaign, and all cores elsewhere, unless OMP_NUM_THREADS=1.
    """

    batch_reads: ClassVar[int] = 1
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    def prepare(self, instance: Objective) -> Any:
        """Build a sparse model of OpenJij, whose temperatures are fields of their own.

        Its class takes the matrix that the library makes of dictionaries, one key at a time: couplings above the
        diagonal, biases in a last column, and a last entry of 1.
        """
        import openjij
        import scipy.sparse

        qubo, n = instance.qubo, instance.qubo.num_variables
        values = np.concatenate([qubo.couplings, qubo.linear, [1.0]])
        rows = np.concatenate([qubo.rows, np.arange(n + 1)])
        cols = np.concatenate([qubo.cols, np.full(n + 1, n)])
        matrix = scipy.sparse.csr_matrix((values, (rows, cols)), shape=(n + 1, n + 1))
        model = type(openjij.BinaryQuadraticModel({0: 0.0}, {}, 0.0, "BINARY", sparse=True))
        return model(matrix, list(range(n)), qubo.offset, "BINARY"), {}
