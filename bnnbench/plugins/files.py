"""Parameters that name files: their types, and what suites, command lines and results make of the paths in them."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from bnnbench.plugins.entries import Kind
from bnnbench.plugins.registry import TARGETS, check_solver
from bnnbench.solver.contract import Solver
from bnnbench.spec import Spec, parse_spec


@dataclass(frozen=True)
class Names:
    """Mark the type of a parameter that names a file, or a solver that may come from one."""

    what: Literal["file", "solver"]


SuitePath = Annotated[str, Field(min_length=1), Names("file")]
"""A path: in a suite from the suite's folder, on the command line from the working directory."""
SolverSpec = Annotated[str, AfterValidator(check_solver), Names("solver")]
"""A solver within a solver, such as ``tabu[num_restarts=1]`` or ``mine.py``."""


def placed(kind: Kind, spec: Spec, folder: Path) -> Spec:
    """Return a specification whose paths begin at the root; they were written from a folder."""
    return _mapped(kind, spec, lambda path: str((folder / path).resolve()), is_placed=False)


def without_folders(kind: Kind, spec: Spec) -> Spec:
    """Return a specification as results show it: of a path, the name of the file alone."""
    return _mapped(kind, spec, lambda path: Path(path).name, is_placed=True)


def inner_solvers(solver: Solver) -> dict[str, Spec]:
    """Return the solvers that parameters of a solver name, by parameter: ``inner`` of ``embedded``, for instance."""
    names = [key for key, what in _file_parameters("solver", solver.spec.name) if what == "solver"]
    return {name: parse_spec(value) for name in names if (value := solver.parameters[name])}


def _mapped(kind: Kind, spec: Spec, change: Callable[[str], str], *, is_placed: bool) -> Spec:
    """Change each path; load what the specification names to learn which parameters are paths."""
    name = change(spec.name) if spec.name.endswith(".py") else spec.name
    if not spec.parameters:
        return Spec(name, spec.parameters)
    whats = dict(_file_parameters(kind, spec.name if is_placed else name))

    def changed(key: str, value: Any) -> Any:
        if not isinstance(value, (str, Path)) or key not in whats:
            return value
        if whats[key] == "file":
            return change(str(value))
        inner = parse_spec(str(value))
        found = _mapped("solver", inner, change, is_placed=is_placed)
        return value if found == inner else str(found)

    return Spec(name, {key: changed(key, value) for key, value in spec.parameters.items()})


def _file_parameters(kind: Kind, name: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters whose type is `SuitePath`, `SolverSpec` or ``pathlib.Path``, optional or not."""
    target = TARGETS[kind](name)
    hints: dict[str, Any] = {}
    with contextlib.suppress(NameError, TypeError):  # whoever loads it says which annotation is wrong
        hints = typing.get_type_hints(target, include_extras=True)
    for key, hint in hints.items():
        for part in (hint, *typing.get_args(hint)):
            marks = [mark.what for mark in getattr(part, "__metadata__", ()) if isinstance(mark, Names)]
            if marks or part is Path:
                yield key, marks[0] if marks else "file"
