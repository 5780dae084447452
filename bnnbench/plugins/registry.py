"""Find problem families, formulations, solvers and figures by name.

Entry points of the groups ``bnnbench.problems``, ``bnnbench.formulations``, ``bnnbench.solvers`` and
``bnnbench.figures`` each name a *package*. Every public module in such a package is one plugin, and the module's name
is its name. So a file dropped into a package appears at once, and another distribution joins through the same door. A
path that ends in ``.py`` loads a file that is not installed at all. Listing names imports none of them.
"""

from __future__ import annotations

import ast
import contextlib
import copyreg
import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from bnnbench.errors import BnnbenchError, InputError, UnknownNameError, blaming, system_errors
from bnnbench.problem.problem import UNNAMED, Problem
from bnnbench.qubo.formulation import FILE_PREFIX, Formulation
from bnnbench.solver.contract import Solver
from bnnbench.spec import Spec, parse_spec

Kind = Literal["problem", "formulation", "solver", "figure"]
T = TypeVar("T", Solver, Formulation)
OWN: dict[str, str] = {"formulation": "bnnbench.formulations", "figure": "bnnbench.figures"}
"""Packages that lie inside this one, and need no entry point."""


@dataclass(frozen=True)
class Entry:
    """A registered module: its place, known without an import."""

    name: str
    module: str
    path: Path
    distribution: str

    @property
    def summary(self) -> str:
        """First line of the module's docstring, read without importing it."""
        return (ast.get_docstring(self._tree) or "").partition("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """Distributions that an adapter declares, read without importing it."""
        for node in ast.walk(self._tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if isinstance(value, ast.Tuple) and any(getattr(target, "id", "") == "needs" for target in targets):
                return tuple(ast.literal_eval(value))
        return ()

    @property
    def _tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))


@cache
def entries(kind: Kind) -> dict[str, Entry]:
    """Return all registered modules of a kind, by name, in alphabetical order.

    Raises
    ------
    InputError
        If two packages offer the same name; both are named.
    """
    found: dict[str, Entry] = {}
    packages = [(OWN[kind], "bnnbench")] if kind in OWN else []
    packages += [(p.value, p.dist.name if p.dist else "?") for p in entry_points(group=f"bnnbench.{kind}s")]
    for package, distribution in packages:
        for entry in _modules_of(package, distribution):
            other = found.setdefault(entry.name, entry)
            if other.module != entry.module:
                raise InputError(
                    f"two {kind}s are named {entry.name!r}: {other.module} of {other.distribution} and "
                    f"{entry.module} of {entry.distribution}; rename one of the files, or uninstall one."
                )
    return dict(sorted(found.items()))


def _modules_of(package: str, distribution: str) -> Iterator[Entry]:
    """Yield an entry per public module of a package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for info in pkgutil.iter_modules([str(folder)]):
            if not info.name.startswith("_") and not info.ispkg:
                yield Entry(info.name, f"{package}.{info.name}", Path(folder, f"{info.name}.py"), distribution)


def load_solver(spec: str | Spec, /, **parameters: Any) -> Solver:
    """Build a solver from its name, ``load_solver("tabu", num_restarts=4)``, or from ``"tabu[num_restarts=4]"``.

    Raises
    ------
    UnknownNameError
        If there is no such solver or parameter.
    InputError
        If a parameter has a wrong type or value, or a file holds no solver.
    """
    spec = _merge(spec, parameters)
    solver: Solver = _call("solver", spec, solver_class(spec.name))
    return solver


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
        changed: Formulation = _call("formulation", Spec(setting.name, setting.parameters | parameters), type(setting))
        return changed.showing(setting.shown)
    spec = _merge(setting, parameters)
    built: Formulation = _call("formulation", spec, formulation_class(spec.name))
    return built


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


def check_solver(spec: str) -> str:
    """Return a specification that `load_solver` takes, or raise `InputError`; a validator of parameters."""
    load_solver(spec)
    return spec


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
    try:
        signature.bind(None, None, **keywords)
    except TypeError:
        raise InputError(f"{what}: the method {name} must take {wanted}, but takes {signature}.") from None


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _by_path(path: str, built: Formulation) -> tuple[Callable[..., Formulation], tuple[Any, ...]]:
    """Say how a formulation of a file is made again."""
    return _from_path, (path, built.parameters, built.shown)


def _from_path(path: str, parameters: dict[str, Any], shown: tuple[str, ...]) -> Formulation:
    return formulation(Spec(path, parameters)).showing(shown)


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
    problem = _call("problem", spec, problem_family(spec.name))
    if not isinstance(problem, Problem):
        raise InputError(f"{spec.name}: the family must return a bnnbench.Problem, but a {type(problem)} came.")
    if problem.name == UNNAMED:
        return replace(problem, name=str(Spec(Path(spec.name).stem, spec.parameters)))
    return problem


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


def load_module(kind: Kind, name: str) -> ModuleType:
    """Import the module behind a registered name or behind a path that ends in ``.py``."""
    if name.endswith(".py"):
        return _load_file(kind, Path(name))
    known = entries(kind)
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return importlib.import_module(known[name].module)


def file_hash(name: str) -> str | None:
    """Return the SHA-256 of the file, if `name` is a path: it stands for a version."""
    return hashlib.sha256(Path(name).read_bytes()).hexdigest() if name.endswith(".py") else None


def _load_file(kind: Kind, path: Path) -> ModuleType:
    with system_errors(InputError, f"{kind} file {path} cannot be read", "give another path"):
        is_file = path.is_file()
    if not is_file:
        raise InputError(f"{kind} file {path} does not exist; give the path of a Python file, or a registered name.")
    name = f"{FILE_PREFIX}{path.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path.resolve()):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{kind} file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what it defines can be pickled
    try:
        with blaming(f"{kind} file {path} cannot be imported:"):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _merge(spec: str | Spec, parameters: dict[str, Any]) -> Spec:
    spec = parse_spec(spec)
    return Spec(spec.name, {**spec.parameters, **parameters})


def _call(kind: Kind, spec: Spec, target: Callable[..., Any]) -> Any:
    """Call with parameters checked against the annotations, by pydantic."""
    import pydantic

    known = inspect.signature(target).parameters
    for name in spec.parameters:
        if name not in known:
            raise UnknownNameError(f"parameter of the {kind} {spec.name}", name, known)
    required = [
        name for name, p in known.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    missing = [name for name in required if name not in spec.parameters]
    if missing:
        example = ",".join(f"{name}=…" for name in missing)
        raise InputError(f"{kind} {spec.name} needs {' and '.join(missing)}; write {spec.name}[{example}].")
    for name, value in spec.parameters.items():
        if _holds_truth_value(value) and not _takes_truth_values(target, name):  # pydantic takes True for 1
            raise InputError(
                f"{kind} {spec.name}: the parameter {name!r} cannot be {value}: input should be no boolean."
            )
    wrong_annotation = (pydantic.errors.PydanticUserError, pydantic.errors.PydanticUndefinedAnnotation)
    try:
        with blaming(f"{kind} {spec.name} raised", pydantic.ValidationError, *wrong_annotation):
            return _validator(target)(spec.parameters)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BnnbenchError) and not first["loc"]:  # the plugin's own sentence
            raise cause from error
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{kind} {spec.name}: the parameter {where!r} cannot be {first['input']!r}: {first['msg'].lower()}."
        ) from error
    except wrong_annotation as error:
        raise InputError(
            f"{kind} {spec.name}: an annotation cannot be checked ({str(error).partition(chr(10))[0]}); "
            "annotate parameters with types such as int, float, str or bool."
        ) from error


def _holds_truth_value(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, (list, tuple)) and any(map(_holds_truth_value, value)))


@cache
def _takes_truth_values(target: Callable[..., Any], name: str) -> bool:
    """Return whether the type of a parameter has ``bool`` in it, or says nothing."""

    def has_bool(hint: Any) -> bool:
        return hint in (bool, Any, object) or any(map(has_bool, typing.get_args(hint)))

    hints: dict[str, Any] = {}
    with contextlib.suppress(NameError, TypeError):  # pydantic says which annotation is wrong
        hints = typing.get_type_hints(target)
    return name not in hints or has_bool(hints[name])


@cache
def _validator(target: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that calls `target` with checked parameters; pydantic takes milliseconds to build one."""
    import pydantic

    if isinstance(target, type):
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(target)
        return lambda parameters: adapter.validate_python(dict(parameters))
    checked = pydantic.validate_call(target)
    return lambda parameters: checked(**parameters)
