"""A task: a cell with its limits, as it is sent to a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.runs.cell import Cell
from bnnbench.runs.configuration import Configuration
from bnnbench.suite.file import Limits


@dataclass(frozen=True)
class Task:
    """Hold all that a worker is told of a run; of the truth, the target alone, where a suite sets one.

    Parameters
    ----------
    journal
        File that the worker writes.
    stop_at
        Loss at which the run ends; None: none does.
    qpu_left_s
        Seconds that the campaign may still use of a QPU; None: there is no limit.
    """

    problem: Problem
    formulation: Formulation
    solver: Configuration
    seed: int
    limits: Limits
    journal: Path
    stop_at: float | None = None
    qpu_left_s: float | None = None

    @property
    def wall_limit_s(self) -> float:
        """Return the seconds after which the run is killed, from the moment when a worker has begun with it."""
        return self.limits.wall_limit_s(self.solver.budget)


def task_of(
    cell: Cell, limits: Limits, folder: Path, qpu_left_s: float | None = None, stop_at: float | None = None
) -> Task:
    """Return the task of a cell, whose journal lies in a folder."""
    return Task(
        problem=cell.problem.blind,
        formulation=cell.formulation,
        solver=cell.solver,
        seed=cell.seed,
        limits=limits,
        journal=folder / f"{cell.key}.jsonl",
        stop_at=stop_at,
        qpu_left_s=qpu_left_s,
    )
