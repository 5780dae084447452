"""Samplers of OpenJij: what its adapters have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from bnnbench.solver.contract import Objective
from bnnbench.solver.dimod import DimodSolver


class OpenJijSolver(DimodSolver):
    """One read per call, because all reads of a call that is given a seed are the same.

    The library's model is built once: built for each call, from a dimod model, it takes longer than an anneal.
    """

    batch_reads: ClassVar[int] = 1
    memoryless: ClassVar[bool] = True
    counts: ClassVar[str] = "proposed flips"

    def prepare(self, instance: Objective) -> Any:
        """Build a sparse model of OpenJij, whose temperatures are fields of their own."""
        import openjij

        qubo = instance.qubo
        pairs = zip(qubo.rows.tolist(), qubo.cols.tolist(), strict=True)
        couplings = dict(zip(pairs, qubo.couplings.tolist(), strict=True))
        linear = dict(enumerate(qubo.linear.tolist()))
        return openjij.BinaryQuadraticModel(linear, couplings, qubo.offset, "BINARY", sparse=True), {}
