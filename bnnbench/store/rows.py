"""Rows: problems, truths and runs as SQLite holds them, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnnbench.optimum.certificate import Certificate
from bnnbench.optimum.truth import Truth
from bnnbench.problem.merging import merged_hash
from bnnbench.problem.network import Network
from bnnbench.problem.problem import Problem
from bnnbench.qubo.qubo import make_qubo
from bnnbench.qubo.qubo_problem import QuboProblem, qubo_problem
from bnnbench.runs.cell import Cell
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.column import columns_of
from bnnbench.runs.outcome import Outcome
from bnnbench.store.columns import CELL
from bnnbench.store.schema import ARRAYS

Row = dict[str, Any]
QUBO_ARRAYS = ("linear", "rows", "cols", "couplings")
"""What a problem without a network has in place of data."""


def problem_row(problem: Problem) -> Row:
    """Return a problem with all its data, a bit per entry, so that its instances can be built again."""
    arrays = {name: getattr(problem, name) for name in ARRAYS if getattr(problem, name) is not None}
    shapes: dict[str, Any] = {"widths": problem.network.widths, "bias": problem.network.bias}
    if isinstance(problem, QuboProblem):
        shapes["qubo"] = {name: getattr(problem.qubo, name).tolist() for name in QUBO_ARRAYS}
        shapes["qubo"]["offset"] = problem.qubo.offset
    return {
        "hash": problem.hash,
        "name": problem.name,
        "network": str(problem.network),
        "loss_name": problem.loss,
        "num_samples": problem.num_samples,
        "merged_hash": merged_hash(problem),
        "shapes": json.dumps(shapes | {name: array.shape for name, array in arrays.items()}),
        **{name: np.packbits(array > 0).tobytes() for name, array in arrays.items()},
    }


def problem_of(row: Mapping[str, Any]) -> Problem:
    """Return the problem of a row; its hash is for the caller to compare."""
    shapes = json.loads(row["shapes"])
    if "qubo" in shapes:
        numbers = shapes["qubo"]
        linear, rows, cols, couplings = (np.array(numbers[name]) for name in QUBO_ARRAYS)
        qubo = make_qubo(linear, rows.astype(int), cols.astype(int), couplings, numbers["offset"])
        return qubo_problem(qubo, row["name"])
    arrays = {name: _unpack(row[name], shapes[name]) for name in ARRAYS if name in shapes}
    network = Network(tuple(shapes["widths"]), shapes["bias"])
    return Problem(network, loss=row["loss_name"], name=row["name"], **arrays)


def _unpack(packed: bytes, shape: list[int]) -> NDArray[np.int8]:
    """Return −1 and +1 from bits, first bit highest."""
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=math.prod(shape))
    return (2 * bits.astype(np.int8) - 1).reshape(shape)


def truth_row(truth: Truth, certificate: Certificate | None) -> Row:
    """Return a truth as a row; of its optimal settings, the first is kept."""
    return {
        "problem_hash": truth.problem_hash,
        "optimum": truth.loss,
        "truth_kind": truth.kind,
        "truth_method": truth.method,
        "num_optima": None if truth.num_optima is None else str(truth.num_optima),  # can exceed 2^63
        "weights": json.dumps(truth.optima[:1].tolist()),
        "truth_s": truth.seconds,
        "certificate": None if certificate is None else json.dumps(asdict(certificate)),
    }


def truth_of(row: Mapping[str, Any]) -> Truth:
    """Return the truth of a row."""
    return Truth(
        problem_hash=row["problem_hash"],
        loss=row["optimum"],
        kind=row["truth_kind"],
        method=row["truth_method"],
        optima=np.array(json.loads(row["weights"]), dtype=np.int8),
        num_optima=None if row["num_optima"] is None else int(row["num_optima"]),
        seconds=row["truth_s"],
        lower_bound=0.0 if row["truth_kind"] == "best_known" else None,  # what was proved is in the certificate
    )


def run_row(cell: Cell, outcome: Outcome, circumstances: Circumstances) -> Row:
    """Return a run as a row: what was asked, what became of it, and where."""
    row = {column.name: value(cell) for column, value in CELL.items()}
    row |= {column.name: getattr(circumstances, column.name) for column in columns_of(Circumstances)}
    for column in columns_of(Outcome):
        value = getattr(outcome, column.name)
        row[column.name] = json.dumps(value) if column.kind == "json" else value
    return row
