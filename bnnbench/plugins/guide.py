"""The table of solvers in docs/solvers.md, from the solvers themselves: ``python -m bnnbench.plugins.guide FILE``."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from bnnbench.plugins.entries import entries
from bnnbench.plugins.registry import load_solver, solver_class

HEADINGS = (
    "solver", "method", "works on", "exact", "seeded", "memoryless", "ends at 0", "ends in time", "evaluations",
    "libraries", "parameters", "source",
)  # fmt: skip


def solver_row(name: str) -> list[str]:
    """Return the cells of a solver, in the order of `HEADINGS`."""
    found, solver = solver_class(name), load_solver(name, **_required(name))
    summary = (inspect.getdoc(sys.modules[found.__module__]) or "").partition("\n")[0].rstrip(".")
    told = (solver.exact, solver.seeded, solver.memoryless, solver.ends_at_zero, solver.watches_clock)
    answers = ["yes" if value else "no" for value in told]
    libraries, parameters = (" ".join(f"`{item}`" for item in items) for items in (solver.needs, solver.parameters))
    source = _source(inspect.getdoc(found) or "")
    answers.append(solver.counts or "not counted")
    return [f"`{name}`", summary, solver.works_on, *answers, libraries, parameters, source]


def solver_table() -> str:
    """Return the Markdown table of all solvers of this distribution, by name."""
    names = [name for name, entry in entries("solver").items() if entry.distribution == "bnnbench"]
    rows = [list(HEADINGS), ["---"] * len(HEADINGS), *map(solver_row, names)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_solver_table(guide: str) -> str:
    """Return a guide with its first table replaced by `solver_table`."""
    return re.sub(r"(?m)(?:^\|.*\n)+", lambda _: solver_table(), guide, count=1)


def _required(name: str) -> dict[str, str]:
    """Return a value for each parameter that has no default, so that the class can be asked."""
    parameters = inspect.signature(solver_class(name)).parameters.values()
    return {p.name: "true" for p in parameters if p.default is p.empty}


def _source(docstring: str) -> str:
    """Return the first of the references without its title: authors, journal and year."""
    references = " ".join(docstring.partition("References\n----------\n")[2].split())
    return re.split(r"(?<=\d)\. |$", re.sub(r'"[^"]*", ', "", references))[0].removesuffix(".")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_solver_table(path.read_text(encoding="utf-8")), encoding="utf-8")
