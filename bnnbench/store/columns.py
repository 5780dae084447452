"""Columns of `bnnbench.store.store.Store.runs`, and so of the CSV export: derived from the records of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bnnbench.hashing import canonical_json
from bnnbench.runs.cell import Cell
from bnnbench.runs.circumstances import Circumstances
from bnnbench.runs.column import Column, columns_of
from bnnbench.runs.features import Features
from bnnbench.runs.outcome import Outcome
from bnnbench.solver.contract import Budget

if TYPE_CHECKING:
    import pandas as pd

_NO_OPTIMUM = "no optimum is known"

CELL: Mapping[Column, Callable[[Cell], Any]] = {
    Column("key", "hash of all that decides the answer; `~2`, … where merged results have several answers"): (
        lambda cell: cell.key
    ),
    Column("problem", "name of the problem", header="problem"): lambda cell: cell.problem.name,
    Column("problem_hash", "content hash of network, loss and data"): lambda cell: cell.problem.hash,
    Column("formulation", "how the problem became a QUBO", header="formulation"): lambda cell: str(cell.formulation),
    Column("instance_hash", "content hash of problem, formulation and version of the encoding"): (
        lambda cell: cell.instance_hash
    ),
    Column("solver", "name of the solver, with the parameters that were given", header="solver"): (
        lambda cell: cell.solver.label
    ),
    Column("label", "what the suite wants the solver to be called in tables", empty="the suite says nothing of it"): (
        lambda cell: cell.solver.display_name or None
    ),
    Column("parameters", "all hyperparameters with their defaults, as JSON"): (
        lambda cell: canonical_json(cell.solver.parameters)
    ),
    Column(
        "versions",
        "versions of the distributions that the solver needs; of a file its hash too, and what it works on, as JSON",
    ): (lambda cell: canonical_json(cell.solver.versions)),
    Column("seed", "seed of the run", "integer", header="seed"): lambda cell: cell.seed,
    Column("repetition", "number of the repetition, from 0", "integer", header="rep."): lambda cell: cell.repetition,
    Column(
        "budget_seconds", "sampling time after which no more batches are asked for", "real", "s", "time is not limited"
    ): lambda cell: cell.solver.budget.seconds,
    Column(
        "budget_reads", "reads after which no more batches are asked for", "integer", "reads", "reads are not limited"
    ): lambda cell: cell.solver.budget.reads,
    Column(
        "budget_target", "loss above the optimum at which the run ends", "real", "loss", "nothing found ends the run"
    ): lambda cell: cell.solver.budget.target,
    Column("threads", "threads that the solver used", "integer"): lambda cell: cell.solver.threads,
    Column("is_floor", "1 if the solver guesses: it is the floor that others are compared with; else 0", "integer"): (
        lambda cell: int(cell.solver.is_floor)
    ),
}
"""Columns that a run has before it happens, each with what it holds of a cell."""

BUDGET = ("budget_seconds", "budget_reads", "budget_target")
"""Columns of a budget."""


def budget_of(row: Mapping[str, Any]) -> Budget:
    """Return the budget of a row of a store, or of a frame, in which whole numbers are floats and None is NaN."""
    values = (row[name] for name in BUDGET)
    seconds, reads, target = (None if value is None or math.isnan(value) else value for value in values)
    return Budget(seconds, None if reads is None else int(reads), target)


def budget_texts(runs: pd.DataFrame) -> Iterator[str]:
    """Yield the budget of each run in words."""
    return (str(budget_of(dict(zip(BUDGET, row, strict=True)))) for row in runs[list(BUDGET)].itertuples(index=False))


DIGEST = Column("digest", "content hash of the row, its batches and its samples; see bnnbench verify")

STORED = (*CELL, *columns_of(Circumstances), *columns_of(Outcome))
"""Columns of the table of runs, but for their digest."""

FEATURES = columns_of(Features)
"""Columns of the table of instances that a row of a run shows."""

PROBLEM = (
    Column("network", "widths, from inputs to outputs"),
    Column("loss_name", "what training minimizes"),
    Column("num_samples", "training samples", "integer"),
    Column(
        "merged_hash",
        "content hash of the problem with equal and opposite samples merged: runs that agree in it are on one problem, "
        "told in several ways",
    ),
)
TRUTH = (
    Column(
        "optimum", "optimal training loss; an upper bound of it if truth_kind is best_known", "real", "loss",
        _NO_OPTIMUM,
    ),
    Column("truth_kind", "how the optimum is known: exhaustive, attained, proved or best_known", empty=_NO_OPTIMUM),
    Column("num_optima", "number of optimal weight settings", "integer", empty="they were not counted"),
)  # fmt: skip
DERIVED = (
    Column(
        "random_success", "probability that random weights are optimal: number of optimal settings / 2^weights", "real",
        empty="optimal settings were not counted", is_share=True,
    ),
    Column(
        "best_accuracy", "accuracy of optimal weights on the training data, from 0 to 1; a lower bound of it if "
        "truth_kind is best_known", "real", empty="no optimum is known, or the loss counts more than errors",
        is_share=True,
    ),
    Column(
        "majority_test_accuracy", "accuracy on the test data, from 0 to 1, of the best constant on the training data: "
        "the more frequent class of each output", "real", empty="the problem has no test data", is_share=True,
    ),
    Column(
        "works_on", "what the solver reads of an instance: qubo, its coefficients; penalties, the QUBO with its "
        "structure; or network", empty="the solver is not installed, or has no such parameters", header="works on",
    ),
    Column(
        "is_memoryless", "1 if reads of the solver are independent draws, so that times to solution count them; else 0",
        "integer", empty="the solver is not installed, or has no such parameters",
    ),
    Column(
        "first_read_s", "sampling time until the first batch with a read came, a lower bound of each time to solution",
        "real", "s", "there is no read, or the rows have no trace",
    ),
    Column("problem_set", "set of problems that the instance belongs to", empty="it belongs to none"),
    Column("cell", "family, size and load of the instance in its set", empty="it belongs to no set"),
    Column("split", "part of the set that the instance is in: solvers are tuned on tune alone",
           empty="it belongs to no set"),
    Column("rung", "trivial, easy, hard or open, by the pilot of the set, see docs/sets.md",
           empty="it belongs to no set, or no pilot tried its cell"),
    Column(
        "slowdown", "time of the speed probe around the run over the machine's fastest, see docs/timing.md", "real",
        empty="no speed probe is near",
    ),
    Column("cpu", "model of the processor", empty="the system does not tell"),
    Column("bnnbench_version", "version of bnnbench that made the run", empty="it was not installed"),
)  # fmt: skip

RUN_COLUMNS = (*STORED, DIGEST, *PROBLEM, *FEATURES, *TRUTH, *DERIVED)
"""All columns of a run."""


def columns_guide() -> str:
    """Return the text of docs/columns.md."""
    lines = [
        "# Columns of the CSV export",
        "",
        "`bnnbench export RESULTS --to csv` writes one row per run. One unit of loss is one wrong output (loss",
        "`zero_one`). Names that end in `_s` are seconds. A name with `…` stands for one column per kind that occurs.",
        "",
        "| column | meaning | unit | empty if |",
        "|---|---|---|---|",
        *(f"| `{c.shown_name}` | {c.meaning} | {c.unit} | {c.empty} |" for c in RUN_COLUMNS),
    ]
    return "\n".join(lines) + "\n"
