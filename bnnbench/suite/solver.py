"""Read the solver of a table of a suite, and note what decides its answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bnnbench.errors import InputError, blaming, restated
from bnnbench.hashing import canonical_json
from bnnbench.plugins.entries import file_hash
from bnnbench.plugins.files import without_folders
from bnnbench.plugins.registry import load_solver
from bnnbench.runs.configuration import Configuration
from bnnbench.solver.contract import Budget, Solver, is_number
from bnnbench.spec import Spec
from bnnbench.suite.file import BudgetTable
from bnnbench.suite.toml_file import checked

MAX_THREADS = 2**15
"""Threads of a run; more than any machine has."""
MAX_LABEL = 60
"""Characters of a name in tables."""


def configuration(spec: Spec, budget: Budget, swept: Collection[str] = ()) -> Configuration:
    """Load a solver and note what decides its answers; a file's content stands for its version.

    Its label has the parameters that differ from their defaults, and those that the suite sweeps.
    """
    solver = load_solver(spec)
    digest = file_hash(spec.name)
    with blaming(f"solver {spec.name}: its name, parameters, versions or threads cannot be noted:"):
        threads = solver.threads
        if not is_number(threads, whole=True) or not 1 <= threads < MAX_THREADS:
            raise InputError(
                f"solver {spec.name}: threads must be a whole number of at least 1 and below {MAX_THREADS}, but "
                f"{threads!r:.40} came."
            )
        versions = dict(solver.versions) | (_of_file(solver, digest) if digest else {})
        parameters = without_folders("solver", Spec(spec.name, solver.parameters)).parameters
        shown = {k: v for k, v in parameters.items() if k in swept or k in solver.spec.parameters}
        label = Spec(solver.name, shown)
        identity = Spec(solver.identity.name, {k: parameters.get(k, v) for k, v in solver.identity.parameters.items()})
        wrong = f"solver {spec.name}: its parameters or versions cannot be noted ("
        advice = "); parameters must be numbers, truth values, texts, or lists of them."
        with restated(InputError, wrong, advice, TypeError, ValueError):
            canonical_json({"parameters": parameters, "versions": versions})
        return Configuration(
            spec, str(label), str(identity), parameters, versions, budget, int(threads), bool(solver.is_floor)
        )


def _of_file(solver: Solver, digest: str) -> dict[str, str]:
    """Return what stands for the version of a file, and what it says of itself: results are read without running it."""
    return {"file": digest, "works_on": str(solver.works_on), "memoryless": "yes" if solver.memoryless else "no"}


def solver_of_table(spec: Spec, swept: Collection[str], budget: Budget) -> Configuration:
    """Return the solver of a table of a suite, which may have a budget, a label and formulations of its own."""
    given = dict(spec.parameters)
    own, display_name, only = given.pop("budget", None), given.pop("label", ""), given.pop("formulations", "")
    if not isinstance(display_name, str) or len(display_name) > MAX_LABEL or not display_name.isprintable():
        raise InputError(
            f'{spec.name}: the label {display_name!r:.80} is no name for a table; write label = "SA", a text of at '
            f"most {MAX_LABEL} printable characters."
        )
    table = None if own is None else checked(own, f"{spec.name}: the budget", BudgetTable, guide="docs/suites.md")
    if table and table.target is None:  # the target is the contest's, whatever the budget of one solver
        table = table.model_copy(update={"target": budget.target})
    solver = configuration(Spec(spec.name, given), budget_of(table) if table else budget, swept)
    return replace(solver, display_name=display_name, formulation=str(only))


def budget_of(table: BudgetTable) -> Budget:
    """Return the budget that a table describes."""
    return Budget(**table.model_dump())
