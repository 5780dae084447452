"""Foresee what a campaign would do, without doing any of it."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from time import perf_counter
from typing import Any

from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.instance import Instance
from bnnbench.qubo.instance import compile as compile_problem
from bnnbench.runs.cell import Cell
from bnnbench.solver.contract import Solver
from bnnbench.solver.refusal import refusal
from bnnbench.spec import Spec
from bnnbench.suite.planning import Plan
from bnnbench.suite.repetition import Repeater, verdicts

ASK_S = 10.0
"""Seconds for the question whether solvers refuse instances, which have to be compiled for it."""
_TIMES = ("compile_s", "prepare_s", "sample_s", "judge_s")


@dataclass(frozen=True)
class Forecast:
    """The cells of a suite by what would become of them.

    Parameters
    ----------
    done
        In the store.
    unavailable, refused
        With the sentence why.
    waiting
        Those that would run, with the estimated seconds of each; None: nobody knows, a budget in reads and no run like
        it in the store.
    left_out
        Why which formulations do not apply to which problems.
    is_complete
        Whether all solvers were asked about all instances; else some of `waiting` may be refused.
    """

    done: list[Cell]
    unavailable: list[tuple[Cell, str]]
    refused: list[tuple[Cell, str]]
    waiting: list[tuple[Cell, float | None]]
    left_out: list[str]
    is_complete: bool

    @property
    def seconds(self) -> float:
        """Estimated seconds of the cells that have an estimate, one after another."""
        return sum(seconds for _, seconds in self.waiting if seconds is not None)

    @property
    def num_unknown(self) -> int:
        """Cells without an estimate."""
        return sum(seconds is None for _, seconds in self.waiting)


def forecast(planned: Plan, rows: Sequence[Mapping[str, Any]], finished: set[str], *, ask_s: float = ASK_S) -> Forecast:
    """Foresee what becomes of each cell: one per key, and no repetition beyond those that are needed.

    Parameters
    ----------
    rows, finished
        The runs that there are, as `Store.rows` has them, and `Store.finished`.
    ask_s
        Seconds after which no more solvers are asked whether they refuse.
    """
    done, unavailable, refused, waiting = [], [], [], []
    deadline, past = perf_counter() + ask_s, _Past(rows)
    solvers: dict[Spec, _Asked] = {}
    is_complete = True
    cells = list(planned.cells())
    known = verdicts(row for row in rows if row["key"] in finished)
    possible = Repeater(cells, known, planned.precision).possible()
    wanted = possible | finished
    for cell in {cell.key: cell for cell in reversed(cells) if cell.key in wanted}.values():
        if (solver := solvers.get(cell.solver.spec)) is None:
            solver = solvers[cell.solver.spec] = _Asked(cell.solver.spec)
        if cell.key in finished:
            done.append(cell)
        elif (reason := solver.unavailable) is not None:
            unavailable.append((cell, reason))
        elif not solver.knows(cell) and perf_counter() >= deadline:
            is_complete = False
            waiting.append((cell, past.seconds(cell)))
        elif (reason := solver.refuses(cell)) is not None:
            refused.append((cell, reason))
        else:
            waiting.append((cell, past.seconds(cell)))
    return Forecast(
        done[::-1], unavailable[::-1], refused[::-1], waiting[::-1], list(dict.fromkeys(planned.refused())), is_complete
    )


class _Asked:
    """A solver that is asked whether it applies; what it raises then is reported by its run."""

    def __init__(self, spec: Spec) -> None:
        self._solver = load_solver(spec)
        is_asked = self._solver.works_on == "network" and not self._solver.is_floor
        self._never_refuses = type(self._solver).refuses is Solver.refuses and not is_asked
        self._answers: dict[str, str | None] = {}

    @cached_property
    def unavailable(self) -> str | None:
        with contextlib.suppress(Exception, SystemExit):
            return self._solver.unavailable()
        return None

    def knows(self, cell: Cell) -> bool:
        """Return whether an answer takes no compiling."""
        return self._never_refuses or cell.instance_hash in self._answers

    def refuses(self, cell: Cell) -> str | None:
        if self._never_refuses:
            return None
        if cell.instance_hash not in self._answers:
            self._answers[cell.instance_hash] = None
            with contextlib.suppress(Exception, SystemExit):
                self._answers[cell.instance_hash] = refusal(self._solver, _compiled(cell.problem, cell.formulation))
        return self._answers[cell.instance_hash]


@lru_cache(maxsize=1)
def _compiled(problem: Problem, setting: Formulation) -> Instance:
    """Compile a problem; the last one is kept, as the cells of one instance come one after another."""
    return compile_problem(problem, setting)


class _Past:
    """Times of the runs in the store."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._seconds: dict[tuple[Any, ...], list[float]] = {}
        self._medians: dict[tuple[Any, ...], float | None] = {}
        for row in rows:
            if row["status"] not in ("refused", "unavailable"):
                alike = (row["solver"], row["budget_seconds"], row["budget_reads"])
                seconds = sum(row[name] or 0.0 for name in _TIMES)
                for key in (alike, (*alike, row["instance_hash"])):
                    self._seconds.setdefault(key, []).append(seconds)

    def seconds(self, cell: Cell) -> float | None:
        """Return the median time of runs of the solver on the instance, or else of the solver; or else the budget."""
        budget = cell.solver.budget
        alike = (cell.solver.label, budget.seconds, budget.reads)
        known = self._median((*alike, cell.instance_hash))
        known = self._median(alike) if known is None else known
        return budget.seconds if known is None else known

    def _median(self, key: tuple[Any, ...]) -> float | None:
        if key not in self._medians:
            known = self._seconds.get(key)
            self._medians[key] = statistics.median(known) if known else None
        return self._medians[key]
