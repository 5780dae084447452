"""Build solvers, formulations and problems from their names, or from the paths of their files."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bnnbench.errors import InputError
from bnnbench.plugins.call import call
from bnnbench.plugins.classes import plugin_class
from bnnbench.plugins.entries import Kind, file_hash, load_module
from bnnbench.problem.problem import UNNAMED, Problem
from bnnbench.qubo.formulation import Formulation
from bnnbench.solver.contract import Solver
from bnnbench.spec import Spec, parse_spec


def load_solver(spec: str | Spec, /, **parameters: Any) -> Solver:
    """Build a solver from its name, ``load_solver("tabu", num_restarts=4)``, or from ``"tabu[num_restarts=4]"``.

    Raises
    ------
    UnknownNameError
        If there is no such solver or parameter.
    InputError
        If a parameter has a wrong type or value, or a file holds no solver.
    """
    solver: Solver = _load("solver", spec, parameters)
    return solver


def check_solver(spec: str) -> str:
    """Return a specification that `load_solver` takes, or raise `InputError`; a validator of parameters."""
    load_solver(spec)
    return spec


def formulation(setting: str | Spec | Formulation, /, **parameters: Any) -> Formulation:
    """Build a formulation from its name, ``formulation("reduced", penalty=1)``, or from ``"reduced[penalty=1]"``.

    Raises
    ------
    UnknownNameError
        If there is no such formulation or parameter.
    InputError
        If a parameter has a wrong value, or a file holds no formulation.
    """
    if isinstance(setting, Formulation):
        if not parameters:
            return setting
        changed: Formulation = call("formulation", Spec(setting.name, setting.parameters | parameters), type(setting))
        return changed.showing(setting.shown)
    built: Formulation = _load("formulation", setting, parameters)
    return built


def load_problem(spec: str | Spec, /, **parameters: Any) -> Problem:
    """Build a problem of a family, ``load_problem("parity", size=3)``, or from ``"parity[size=3]"``.

    Raises
    ------
    UnknownNameError
        If there is no such family or parameter.
    InputError
        If a parameter has a wrong type or value, or a file holds no family.
    """
    spec = _merge(spec, parameters)
    problem = call("problem", spec, problem_family(spec.name))
    if not isinstance(problem, Problem):
        raise InputError(f"{spec.name}: the family must return a bnnbench.Problem, but a {type(problem)} came.")
    if problem.name == UNNAMED:
        return replace(problem, name=str(Spec(Path(spec.name).stem, spec.parameters)))
    return problem


def solver_class(name: str) -> type[Solver]:
    """Return the class of a solver, by its name or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no such solver.
    InputError
        If a file holds no solver, or one that breaks the contract.
    """
    return plugin_class("solver", name, Solver)  # type: ignore[type-abstract]


def formulation_class(name: str) -> type[Formulation]:
    """Return the class of a formulation, by its name or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no such formulation.
    InputError
        If a file holds no formulation, or one that breaks the contract.
    """
    found = plugin_class("formulation", name, Formulation)
    if name.endswith(".py") and not found.digest:
        found.digest = file_hash(name) or ""
        # Where a class comes from a path, another process finds it by the path, and not by the name of its module.
        copyreg.pickle(found, partial(_by_path, str(Path(name).resolve())))
    return found


def _by_path(path: str, built: Formulation) -> tuple[Callable[..., Formulation], tuple[Any, ...]]:
    """Say how a formulation of a file is made again."""
    return _from_path, (path, built.parameters, built.shown)


def _from_path(path: str, parameters: dict[str, Any], shown: tuple[str, ...]) -> Formulation:
    return formulation(Spec(path, parameters)).showing(shown)


def problem_family(name: str) -> Callable[..., Any]:
    """Return the function that builds the problems of a family, by its name or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no such family.
    InputError
        If a file holds none.
    """
    module = load_module("problem", name)
    family = getattr(module, Path(name).stem, None)
    if not callable(family):
        raise InputError(f"{module.__file__} must define a function named {Path(name).stem!r}.")
    found: Callable[..., Any] = family
    return found


TARGETS: Mapping[Kind, Callable[[str], Callable[..., Any]]] = {
    "solver": solver_class, "formulation": formulation_class, "problem": problem_family,
}  # fmt: skip
"""By kind, what finds that which is called with the parameters."""


def _load(kind: Kind, spec: str | Spec, parameters: dict[str, Any]) -> Any:
    spec = _merge(spec, parameters)
    return call(kind, spec, TARGETS[kind](spec.name))


def _merge(spec: str | Spec, parameters: dict[str, Any]) -> Spec:
    spec = parse_spec(spec)
    return Spec(spec.name, {**spec.parameters, **parameters})
