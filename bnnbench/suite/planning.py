"""Plan a suite: expand its tables to problems, formulations, solvers and cells, all loaded and checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydantic

from bnnbench.errors import BnnbenchError, InputError
from bnnbench.hashing import canonical_json
from bnnbench.metrics import differences
from bnnbench.plugins.registry import file_hash, formulation, load_problem, load_solver
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.runs.cell import Cell, derive_seed
from bnnbench.solver.contract import Budget
from bnnbench.spec import Spec
from bnnbench.suite.file import BudgetTable, Suite
from bnnbench.suite.repetition import Precision

MAX_CELLS = 1_000_000
"""Runs of a suite; all of them are planned before the first."""


@dataclass(frozen=True)
class SuiteSolver:
    """A solver of a suite, with what decides its answers; seeds come from `identity`, which no label changes."""

    spec: Spec
    label: str
    identity: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    budget: Budget
    threads: int


@dataclass(frozen=True)
class Plan:
    """A suite with everything loaded and checked."""

    suite: Suite
    problems: tuple[Problem, ...]
    formulations: tuple[Formulation, ...]
    solvers: tuple[SuiteSolver, ...]

    @property
    def threads(self) -> int:
        """Most threads that a run uses."""
        return max(solver.threads for solver in self.solvers)

    def cells(self) -> Iterator[Cell]:
        """All runs, problem by problem, in the order of the file; pairs that a formulation refuses are left out."""
        for problem, setting, solver in itertools.product(self.problems, self.formulations, self.solvers):
            if setting.refuses(problem):
                continue
            for repetition in range(self.suite.repetitions):
                yield Cell(
                    problem=problem,
                    formulation=setting,
                    solver=solver.spec,
                    solver_label=solver.label,
                    parameters=solver.parameters,
                    versions=solver.versions,
                    seed=derive_seed(self.suite.seed, problem, setting, solver.identity, repetition),
                    repetition=repetition,
                    budget=solver.budget,
                    threads=solver.threads,
                )

    @property
    def precision(self) -> Precision | None:
        """When a cell has been repeated often enough; None: after a fixed number."""
        table, most = self.suite.precision, self.suite.repetitions
        return Precision(min(table.at_least, most), most, table.width) if table else None

    def refused(self) -> list[str]:
        """Why which formulations do not apply to which problems."""
        pairs = itertools.product(self.problems, self.formulations)
        return [f"{problem.name}: {reason}" for problem, setting in pairs if (reason := setting.refuses(problem))]


def plan(suite: Suite, folder: Path) -> Plan:
    """Load and check everything that a suite names, before anything runs.

    Parameters
    ----------
    folder
        Where the suite file lies; paths of problem files, solver files and tables are relative to it.
    """
    budget = _budget(suite.budget)
    sizes = [_num_expanded(suite.problems), _num_expanded(suite.formulations), _num_expanded(suite.solvers)]
    num_cells = math.prod(sizes) * suite.repetitions
    if num_cells > MAX_CELLS:
        raise InputError(
            f"the suite asks for {num_cells:,} runs ({sizes[0]:,} problems × {sizes[1]:,} formulations × {sizes[2]:,} "
            f"solvers × {suite.repetitions:,} repetitions), but at most {MAX_CELLS:,} fit in one; split it."
        )
    specs = [spec for spec, _ in _expand("problems", suite.problems)]
    problems = [_build("problems", spec, folder, load_problem) for spec in specs]
    settings = [
        _build("formulations", spec, folder, formulation).showing(swept)
        for spec, swept in _expand("formulations", suite.formulations)
    ]
    solvers = [_suite_solver(spec, swept, folder, budget) for spec, swept in _expand("solvers", suite.solvers)]
    return Plan(suite, tuple(_named_apart(problems, specs)), tuple(settings), tuple(solvers))


def _named_apart(problems: Sequence[Problem], specs: Sequence[Spec]) -> Iterator[Problem]:
    """The problems; different ones of one name with the parameters in which they differ."""
    for problem in problems:
        alike = [place for place, other in enumerate(problems) if other.name == problem.name]
        texts = differences([specs[place].parameters for place in alike])
        text = texts[[problems[place] is problem for place in alike].index(True)]
        yield replace(problem, name=f"{problem.name}, {text}") if text else problem


def suite_solver(spec: Spec, budget: Budget, swept: Collection[str] = ()) -> SuiteSolver:
    """Load a solver and note what decides its answers; a file's content stands for its version.

    Its label has the parameters that differ from their defaults, and those that the suite sweeps.
    """
    solver = load_solver(spec)
    digest = file_hash(spec.name)
    try:
        versions = dict(solver.versions) | ({"file": digest} if digest else {})
        shown = {k: v for k, v in solver.parameters.items() if k in swept or k in solver.spec.parameters}
        label, identity = Spec(solver.name, shown), solver.identity
        canonical_json({"parameters": solver.parameters, "versions": versions})
        return SuiteSolver(spec, str(label), str(identity), solver.parameters, versions, budget, solver.threads)
    except Exception as error:
        raise InputError(
            f"solver {spec.name}: its name, parameters or versions cannot be noted ({type(error).__name__}: {error}); "
            "parameters must be numbers, truth values, texts, or lists of them."
        ) from error


def _suite_solver(spec: Spec, swept: Collection[str], folder: Path, budget: Budget) -> SuiteSolver:
    given = dict(spec.parameters)
    own = given.pop("budget", None)
    try:
        table = BudgetTable.model_validate(own) if own is not None else None
    except pydantic.ValidationError as error:
        raise InputError(
            f"solvers.{spec.name}: the budget {own!r} is wrong; write budget = {{reads = 100}}."
        ) from error
    chosen = _budget(table) if table else budget
    built: SuiteSolver = _build("solvers", Spec(spec.name, given), folder, lambda s: suite_solver(s, chosen, swept))
    return built


def _budget(table: BudgetTable) -> Budget:
    return Budget(seconds=table.seconds, reads=table.reads)


def _build(section: str, spec: Spec, folder: Path, build: Any) -> Any:
    """Build one thing that a suite names; errors say where in the file it stands."""
    if spec.name.endswith(".py"):
        spec = Spec(str((folder / spec.name).resolve()), spec.parameters)
    if section == "problems" and isinstance(path := spec.parameters.get("path"), str):
        spec = Spec(spec.name, {**spec.parameters, "path": str(folder / path)})
    try:
        return build(spec)
    except BnnbenchError as error:
        raise InputError(f"{section}: {error}") from error


def _num_expanded(tables: list[dict[str, Any]]) -> int:
    """Number of combinations that `_expand` gives, without making them."""
    return sum(math.prod(len(value) for value in table.values() if isinstance(value, list)) for table in tables)


def _expand(section: str, tables: list[dict[str, Any]]) -> Iterator[tuple[Spec, tuple[str, ...]]]:
    """Every combination of the values of parameters that are lists, with the names of those of several values."""
    for table in tables:
        parameters = dict(table)
        name = parameters.pop("name", None)
        if not isinstance(name, str) or not name:
            raise InputError(f'{section}: each table needs a name, but {table!r} has none; write name = "…".')
        swept = {key: value for key, value in parameters.items() if isinstance(value, list)}
        for key in (key for key, values in swept.items() if not values):
            raise InputError(f"{section}: {name}: the list {key} = [] sweeps nothing; write [[]] for an empty list.")
        several = tuple(key for key, values in swept.items() if len(values) > 1)
        for values in itertools.product(*swept.values()):
            yield Spec(name, parameters | dict(zip(swept, values, strict=True))), several
