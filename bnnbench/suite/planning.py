"""Plan a suite: expand its tables to problems, formulations, solvers and cells, all loaded and checked."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bnnbench.errors import BnnbenchError, InputError, blaming
from bnnbench.metrics import differences
from bnnbench.plugins.entries import Kind
from bnnbench.plugins.files import placed, without_folders
from bnnbench.plugins.registry import formulation, load_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.qubo.qubo_problem import GIVEN, QuboProblem
from bnnbench.runs.cell import Cell, derive_seed
from bnnbench.runs.configuration import Configuration
from bnnbench.spec import Spec
from bnnbench.suite.file import Suite
from bnnbench.suite.foreign import InstanceTable, foreign_problems
from bnnbench.suite.problem_set import selected
from bnnbench.suite.repetition import Precision
from bnnbench.suite.solver import budget_of, configuration, solver_of_table
from bnnbench.suite.toml_file import together
from bnnbench.suite.tuned import read_tuned

T = TypeVar("T")
KINDS: Mapping[str, Kind] = {"problems": "problem", "formulations": "formulation", "solvers": "solver"}
"""Kinds of plugins by the name of their list in a suite."""
MAX_CELLS = 1_000_000
"""Runs of a suite; all of them are planned before the first."""


Pair = tuple[Formulation, Configuration]


@dataclass(frozen=True)
class Plan:
    """A suite with everything loaded and checked."""

    suite: Suite
    problems: tuple[Problem, ...]
    formulations: tuple[Formulation, ...]
    solvers: tuple[Configuration, ...]
    tuned: tuple[tuple[Pair, Pair], ...] = ()
    """Pairs that have tuned parameters: as the suite has them, and tuned; each tuned one runs too."""
    foreign: Mapping[str, InstanceTable] = field(default_factory=dict)
    """Of the QUBOs of files, the tables that they come from, by the hash of the problem."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of a formulation and a solver that meet; tuned ones stand last."""
        plain = ((one, solver) for one in self.formulations for solver in self.solvers if solver.meets(one))
        return *plain, *(pair for _, pair in self.tuned)

    def pairs_on(self, problem: Problem) -> tuple[Pair, ...]:
        """Return the pairs that meet a problem; a QUBO of a file is given as it is."""
        if not isinstance(problem, QuboProblem):
            return self.pairs
        return tuple(itertools.product((formulation(GIVEN),), self.solvers))

    @property
    def num_cells(self) -> int:
        """Number of runs at most, without making them."""
        return sum(len(self.pairs_on(problem)) for problem in self.problems) * self.suite.repetitions

    @property
    def threads(self) -> int:
        """Most threads that a run uses."""
        return max(solver.threads for solver in self.solvers)

    def cells(self) -> Iterator[Cell]:
        """Yield all runs, problem by problem, in the order of the file, without pairs that a formulation refuses."""
        met = ((problem, pair) for problem in self.problems for pair in self.pairs_on(problem))
        for problem, pair in met:
            if reason_of(pair[0], problem):
                continue
            for repetition in range(self.suite.repetitions):
                yield cell_of(problem, pair, self.suite.seed, repetition)

    @property
    def precision(self) -> Precision | None:
        """Return the precision that ends the repetitions of a cell; None: they have a fixed number."""
        table, most = self.suite.precision, self.suite.repetitions
        return Precision(min(table.at_least, most), most, table.width) if table else None

    def refused(self) -> list[str]:
        """Return a sentence for each formulation that does not apply to a problem."""
        problems = (problem for problem in self.problems if not isinstance(problem, QuboProblem))
        pairs = itertools.product(problems, self.formulations)
        return [f"{problem.name}: {reason}" for problem, setting in pairs if (reason := reason_of(setting, problem))]


def cell_of(problem: Problem, pair: Pair, suite_seed: int, repetition: int) -> Cell:
    """Return the run of a pair on a problem."""
    setting, solver = pair
    return Cell(
        problem, setting, solver, derive_seed(suite_seed, problem, setting, solver.identity, repetition), repetition
    )


def reason_of(setting: Formulation, problem: Problem) -> str | None:
    """Return why a formulation does not apply to a problem; None if it does."""
    with blaming(f"formulation {setting}: refuses({problem.name}) raised"):
        return setting.refuses(problem)


def plan(suite: Suite, folder: Path) -> Plan:
    """Load and check everything that a suite names, before anything runs.

    Parameters
    ----------
    folder
        Where the suite file lies; paths of problem files, solver files and tables are relative to it.
    """
    budget = budget_of(suite.budget)
    sizes = [_num_problems(suite.problems, folder), _num_expanded(suite.formulations), _num_expanded(suite.solvers)]
    num_foreign = sum(len(table.file) for table in suite.instances)
    num_cells = (sizes[0] * sizes[1] + num_foreign) * sizes[2] * suite.repetitions
    if num_cells > MAX_CELLS:
        raise InputError(
            f"the suite asks for {num_cells:,} runs ({sizes[0]:,} problems × {sizes[1]:,} formulations × {sizes[2]:,} "
            f"solvers × {suite.repetitions:,} repetitions), but at most {MAX_CELLS:,} fit in one; split it."
        )
    faults: list[str] = []

    def each(section: str, build: Callable[[Spec, Collection[str]], T]) -> list[T]:
        return list(_each(section, getattr(suite, section), folder, build, faults))

    problems = list(_problems(suite.problems, folder, faults))
    settings = each("formulations", lambda spec, swept: formulation(spec).showing(tuple(swept)))
    solvers = each("solvers", lambda spec, swept: solver_of_table(spec, swept, budget))
    foreign = list(_foreign(suite, folder, faults))
    faults += _unmet(settings, solvers)
    if faults:
        raise InputError(together(faults))
    named = [*_named_apart(problems), *(problem for problem, _ in foreign)]
    tables = {problem.hash: table for problem, table in foreign}
    planned = Plan(suite, tuple(named), tuple(settings), tuple(solvers), foreign=tables)
    return planned if suite.parameters is None else _with_tuned(planned, folder / suite.parameters)


def _unmet(settings: Sequence[Formulation], solvers: Sequence[Configuration]) -> list[str]:
    """Return a sentence for each solver whose formulation the suite does not have."""
    names = ", ".join(map(str, settings))
    return [
        f"solvers: {solver.label} is for the formulation {solver.formulation!r}, but the suite has {names}."
        for solver in solvers
        if settings and not any(map(solver.meets, settings))
    ]


def plan_problems(tables: list[dict[str, Any]], folder: Path) -> tuple[Problem, ...]:
    """Load the problems of a list of a suite, such as ``[[tune.problems]]``."""
    faults: list[str] = []
    problems = list(_problems(tables, folder, faults))
    if faults:
        raise InputError(together(faults))
    return tuple(_named_apart(problems))


def with_parameters(
    pair: Pair, formulation_parameters: Mapping[str, Any], solver_parameters: Mapping[str, Any]
) -> Pair:
    """Return a pair with further parameters, which the labels show."""
    setting, solver = pair
    changed = formulation(setting, **formulation_parameters).showing((*setting.shown, *formulation_parameters))
    spec = Spec(solver.spec.name, {**solver.spec.parameters, **solver_parameters})
    return changed, configuration(spec, solver.budget, tuple(solver_parameters))


def _with_tuned(planned: Plan, path: Path) -> Plan:
    """Return a plan in which each pair that a file has tuned parameters of runs with them too."""
    tuned = read_tuned(path)
    tuned.check_apart(planned.problems, path.name)
    found = []
    for pair, entry in itertools.product(planned.pairs, tuned.pairs):
        setting, solver = pair
        is_same = str(solver.spec) == entry.solver and entry.formulation in ("", str(setting))
        if is_same and (entry.formulation_parameters or entry.solver_parameters):
            found.append((pair, with_parameters(pair, entry.formulation_parameters, entry.solver_parameters)))
    return replace(planned, tuned=tuple(found))


def _problems(tables: list[dict[str, Any]], folder: Path, faults: list[str]) -> Iterator[tuple[Problem, Spec]]:
    """Load the problems of a suite: those of families, and those of sets, each with its specification."""
    for table in tables:
        if "set" not in table:
            yield from _each("problems", [table], folder, lambda spec, _: _problem(spec), faults)
            continue
        with _noted("problems", faults):
            for member in selected(table, folder):
                problem, shown = _problem(member.spec)
                member.check(problem)
                yield problem, shown


def _foreign(suite: Suite, folder: Path, faults: list[str]) -> Iterator[tuple[QuboProblem, InstanceTable]]:
    """Read the QUBOs of files, each with its table."""
    for table in suite.instances:
        with _noted("instances", faults):
            yield from ((problem, table) for problem in foreign_problems(table, folder))


def _each(
    section: str,
    tables: list[dict[str, Any]],
    folder: Path,
    build: Callable[[Spec, Collection[str]], T],
    faults: list[str],
) -> Iterator[T]:
    """Build all that a list of a suite names; note the first fault of each table, and go on."""
    for table in tables:
        with _noted(section, faults):
            for spec, swept in _expand(table):
                with _told_of_sweeps(table):
                    one = build(placed(KINDS[section], spec, folder), swept)
                yield one


@contextlib.contextmanager
def _told_of_sweeps(table: dict[str, Any]) -> Iterator[None]:
    """Say behind the fault of a parameter that its list was swept, as whoever wrote it may have meant one value."""
    try:
        yield
    except InputError as error:
        for key, values in table.items():
            if isinstance(values, list) and key in str(error) and not any(isinstance(value, list) for value in values):
                hint = f"A list is swept: for one value that is a list, write {key} = [{values!r}]."
                raise InputError(f"{error} {hint}") from error
        raise


@contextlib.contextmanager
def _noted(section: str, faults: list[str]) -> Iterator[None]:
    """Note the fault of a table, and go on with the next one."""
    try:
        yield
    except BnnbenchError as error:
        faults.append(f"{section}: {error}")


def _problem(spec: Spec) -> tuple[Problem, Spec]:
    """Load a problem, and return it with its specification, both without the folders of paths."""
    problem, shown = load_problem(spec), without_folders("problem", spec)
    given, short = (str(Spec(Path(spec.name).stem, s.parameters)) for s in (spec, shown))
    return (replace(problem, name=short) if problem.name == given else problem), shown


def _named_apart(problems: Sequence[tuple[Problem, Spec]]) -> Iterator[Problem]:
    """Yield the problems; different ones of one name with the parameters in which they differ."""
    alike: dict[str, list[int]] = {}
    for place, (problem, _) in enumerate(problems):
        alike.setdefault(problem.name, []).append(place)
    texts: dict[int, str] = {}
    for places in alike.values():
        texts |= zip(places, differences([problems[place][1].parameters for place in places]), strict=True)
    for place, (problem, _) in enumerate(problems):
        yield replace(problem, name=f"{problem.name}, {texts[place]}") if texts[place] else problem


def _num_problems(tables: list[dict[str, Any]], folder: Path) -> int:
    """Return the number of problems of a suite without loading them; a set that is faulty counts as none here."""
    number = _num_expanded([table for table in tables if "set" not in table])
    for table in tables:
        if "set" in table:
            with contextlib.suppress(BnnbenchError):
                number += len(selected(table, folder))
    return number


def _num_expanded(tables: list[dict[str, Any]]) -> int:
    """Return the number of combinations that `_expand` gives, without making them."""
    return sum(math.prod(len(value) for value in table.values() if isinstance(value, list)) for table in tables)


def _expand(table: dict[str, Any]) -> Iterator[tuple[Spec, tuple[str, ...]]]:
    """Yield every combination of the values of parameters that are lists, with the names of those that vary."""
    parameters = dict(table)
    name = parameters.pop("name", None)
    if not isinstance(name, str) or not name:
        raise InputError(f'each table needs a name, but {table!r} has none; write name = "…".')
    swept = {key: value for key, value in parameters.items() if isinstance(value, list)}
    for key in (key for key, values in swept.items() if not values):
        raise InputError(f"{name}: the list {key} = [] sweeps nothing; write [[]] for an empty list.")
    several = tuple(key for key, values in swept.items() if len(values) > 1)
    for values in itertools.product(*swept.values()):
        yield Spec(name, parameters | dict(zip(swept, values, strict=True))), several
