"""The one public class of a plugin's module, and what it has to be before it is used."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from bnnbench.errors import InputError, restated
from bnnbench.plugins.entries import Kind, entries, load_module
from bnnbench.qubo.formulation import Formulation
from bnnbench.solver.contract import Solver

T = TypeVar("T", Solver, Formulation)


def plugin_class(kind: Kind, name: str, base: type[T]) -> type[T]:
    """Return the one public subclass of `base` in a module, by its name or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no such module.
    InputError
        If a file holds no such class, or one that breaks the contract.
    """
    module = load_module(kind, name)
    found = classes_in(module, base)
    if len(found) != 1:
        raise InputError(
            f"{module.__file__} must define exactly one public subclass of bnnbench.{base.__name__}, "
            f"but defines {len(found)}."
        )
    _check_class(module, found[0])
    return found[0]


def classes_in(module: ModuleType, base: type[T]) -> list[type[T]]:
    """Return the public subclasses of `base` that a module defines."""
    return [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
        if not name.startswith("_")
    ]


def kind_of(name: str) -> Literal["formulation", "solver"]:
    """Return whether a name, or the path of a file, is a formulation's or a solver's; what is unknown is a solver's."""
    if not name.endswith(".py"):
        return "formulation" if name in entries("formulation") and name not in entries("solver") else "solver"
    return "formulation" if classes_in(load_module("solver", name), Formulation) else "solver"


@cache
def _check_class(module: ModuleType, plugin: type[Any]) -> None:
    """Raise `InputError` if a class breaks the contract in a way that shows before it is used."""
    what = f"{Path(str(module.__file__)).name}: the class {plugin.__name__}"
    parameters = vars(plugin).get("__dataclass_params__")
    if not (parameters and parameters.frozen and all(f.kw_only for f in dataclasses.fields(plugin))):
        raise InputError(f"{what} must be decorated with @dataclass(frozen=True, kw_only=True).")
    base = "Solver" if issubclass(plugin, Solver) else "Formulation"
    if missing := sorted(getattr(plugin, "__abstractmethods__", ())):
        raise InputError(f"{what} must define the method {' and the method '.join(missing)}; see bnnbench.{base}.")
    if issubclass(plugin, Solver):
        if not (isinstance(plugin.needs, tuple) and all(isinstance(name, str) for name in plugin.needs)):
            raise InputError(f"{what}: needs must be a tuple of names of distributions, but is {plugin.needs!r}.")
        _check_call(what, plugin.sample, "sample", "(self, prepared, *, seed, budget)", seed=0, budget=None)
    elif not any(getattr(plugin, verb) is not getattr(Formulation, verb) for verb in ("sample_energy", "compile")):
        raise InputError(f"{what} must define the method sample_energy, or compile; see bnnbench.Formulation.")
    elif without := [f.name for f in dataclasses.fields(plugin) if _has_no_default(f)]:
        raise InputError(f"{what}: the parameter {without[0]!r} needs a default.")


def _check_call(what: str, method: Callable[..., Any], name: str, wanted: str, **keywords: Any) -> None:
    signature = inspect.signature(method)
    wrong = f"{what}: the method {name} must take {wanted}, but takes {signature} ("
    with restated(InputError, wrong, ").", TypeError):
        signature.bind(None, None, **keywords)


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
