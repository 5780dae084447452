"""All searches of a suite, and the table of what they found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bnnbench.errors import InputError
from bnnbench.hashing import content_hash
from bnnbench.plugins.registry import load_solver
from bnnbench.problem.problem import Problem
from bnnbench.runs.cell import Cell
from bnnbench.suite.file import BudgetTable, Suite, TuneTable
from bnnbench.suite.planning import Pair, Plan, plan, plan_problems
from bnnbench.suite.tuned import TunedFile
from bnnbench.tuning.effort import effort_of
from bnnbench.tuning.search import Search
from bnnbench.tuning.space import space_of


@dataclass(frozen=True)
class TuningPlan:
    """A suite with the budget of tuning, its problems to tune on, and a search per pair."""

    planned: Plan
    table: TuneTable
    problems: tuple[Problem, ...]
    searches: tuple[Search, ...]

    def tuned(self, name: str) -> TunedFile:
        """Return what was found, as far as the searches have come."""
        return TunedFile(
            suite=name,
            objective=f"{self.table.objective} in {self.table.clock}",
            problems=[problem.hash for problem in self.problems],
            pairs=[found for search in self.searches if (found := search.result()) is not None],
        )


def plan_tuning(suite: Suite, folder: Path) -> TuningPlan:
    """Load and check everything, before anything runs.

    Raises
    ------
    InputError
        If the suite has no table ``[tune]``, or tests on a problem that it tunes on.
    """
    table = suite.tune
    if table is None:
        raise InputError("the suite says nothing of tuning; give it a table [tune] and problems [[tune.problems]].")
    bare = suite.model_copy(update={"parameters": None, "budget": _budget(table.budget or suite.budget, table)})
    planned = plan(bare.model_copy(update={"solvers": [_without_target(t, table) for t in bare.solvers]}), folder)
    problems = _mixed(plan_problems(_to_tune_on(suite, table), folder), suite.seed)
    tuned = TunedFile(suite="", objective="", problems=[problem.hash for problem in problems], pairs=[])
    tuned.check_apart(planned.problems, "[tune]")
    return TuningPlan(planned, table, problems, tuple(_searches(planned, table, problems)))


def _mixed(problems: Sequence[Problem], seed: int) -> tuple[Problem, ...]:
    """Return problems in an order that depends on the seed alone: a setting that is bad on all sizes ends early."""
    return tuple(sorted(problems, key=lambda problem: content_hash("tune", {"seed": seed, "problem": problem.hash})))


def _to_tune_on(suite: Suite, table: TuneTable) -> list[dict[str, Any]]:
    """Return the tables of the problems to tune on: of a set, the split ``tune`` unless another one is named."""
    tables = table.problems or [
        {k: v for k, v in one.items() if k != "split"} for one in suite.problems if "set" in one
    ]
    if not tables:
        raise InputError("[tune] has no problems, and the suite tests on no set; give it [[tune.problems]].")
    return [{"split": "tune", **one} if "set" in one else one for one in tables]


def _budget(budget: BudgetTable, table: TuneTable) -> BudgetTable:
    """Return the budget of a run of the search: for the ERT it ends at the optimum, as nothing after it counts."""
    if table.objective == "tts":
        return budget.model_copy(update={"target": None})
    return budget if budget.target is not None else budget.model_copy(update={"target": 0.0})


def _without_target(solver: dict[str, Any], table: TuneTable) -> dict[str, Any]:
    """Return a solver's table whose own budget ends as those of the search do."""
    own = solver.get("budget")
    if not isinstance(own, dict):
        return solver
    if table.budget is not None:
        return {key: value for key, value in solver.items() if key != "budget"}
    own = {key: value for key, value in own.items() if key != "target"}
    return solver | {"budget": own if table.objective == "tts" else own | {"target": 0.0}}


def _searches(planned: Plan, table: TuneTable, problems: tuple[Problem, ...]) -> Iterator[Search]:
    """Yield a search per pair; of a solver that works on the network, one with the first formulation."""
    depths = {problem.network.num_layers for problem in problems}
    for solver in planned.solvers:
        plugin = load_solver(solver.spec)
        if table.objective == "tts" and not plugin.memoryless:
            raise InputError(
                f"{solver.label}: its reads are no independent draws, so that there is no time to solution by reads; "
                'write objective = "ert" in [tune].'
            )
        on_network = plugin.works_on == "network"
        for setting in planned.formulations[:1] if on_network else planned.formulations:
            pair: Pair = setting, solver
            given = _given(planned.suite, setting.name)
            space = space_of(pair, given, depths, with_formulation=not on_network)
            yield Search(pair, "" if on_network else str(setting), space, problems, table, planned.suite.seed)


def _given(suite: Suite, formulation: str) -> set[str]:
    """Return the parameters that the suite gives to a formulation."""
    tables = [table for table in suite.formulations if Path(str(table.get("name"))).stem == formulation]
    return {key for table in tables for key in table}


@dataclass
class Searching:
    """Searches that go on beside each other: told of each run that ended, they say which are to follow.

    Parameters
    ----------
    rows
        Of runs by key, as far as they are known.
    """

    searches: Sequence[Search]
    table: TuneTable
    rows: Mapping[str, Mapping[str, Any]]
    _open: dict[int, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._efforts = {}
        for key, row in self.rows.items():
            self._efforts[key] = effort_of(row, self.table.clock, row["budget_seconds"])

    def first(self) -> list[Cell]:
        """Return the cells to begin with."""
        return [cell for place in range(len(self.searches)) for cell in self._advance(place)]

    def after(self, cell: Cell, fields: Mapping[str, Any]) -> list[Cell]:
        """Take note of a run that ended, and return the cells that follow."""
        self._efforts[cell.key] = effort_of(fields, self.table.clock, cell.solver.budget.seconds)
        ended = [place for place, keys in self._open.items() if cell.key in keys]
        for place in ended:
            self._open[place].discard(cell.key)
        return [new for place in ended if not self._open[place] for new in self._advance(place)]

    def _advance(self, place: int) -> list[Cell]:
        cells = self.searches[place].advance(self._efforts)
        self._open[place] = {cell.key for cell in cells}
        return cells
