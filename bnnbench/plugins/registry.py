"""Find problem families and solver adapters by name.

Entry points of the groups ``bnnbench.problems`` and ``bnnbench.solvers`` each name a *package*. Every public module in
such a package is one family or adapter, and the module's name is its name. So a file dropped into a package appears at
once, and another distribution joins through the same door. A path that ends in ``.py`` loads a file that is not
installed at all. Listing names imports none of them.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from bnnbench.errors import BnnbenchError, InputError, UnknownNameError
from bnnbench.spec import Spec, parse_spec

if TYPE_CHECKING:
    from bnnbench.problem.problem import Problem
    from bnnbench.solver.contract import Solver

Kind = Literal["problem", "solver", "figure"]

_OWN: dict[str, str] = {"figure": "bnnbench.figures"}
"""Packages of ours that are found without an entry point."""


@dataclass(frozen=True)
class Entry:
    """Where a registered module lies, known without importing it."""

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
    """All registered modules of a kind, by name, in alphabetical order.

    Raises
    ------
    InputError
        If two packages offer the same name; both are named.
    """
    found: dict[str, Entry] = {}
    points = [
        (point.value, point.dist.name if point.dist else "?") for point in entry_points(group=f"bnnbench.{kind}s")
    ]
    for package, distribution in [*points, *([(_OWN[kind], "bnnbench")] if kind in _OWN else [])]:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for info in pkgutil.iter_modules([str(folder)]):
                if info.name.startswith("_") or info.ispkg:
                    continue
                path = Path(folder, f"{info.name}.py")
                entry = Entry(info.name, f"{package}.{info.name}", path, distribution)
                other = found.setdefault(info.name, entry)
                if other.module != entry.module:
                    raise InputError(
                        f"two {kind}s are named {info.name!r}: {other.module} of {other.distribution} and "
                        f"{entry.module} of {entry.distribution}; rename one of the files, or uninstall one."
                    )
    return dict(sorted(found.items()))


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
    for name, value in spec.parameters.items():
        if isinstance(value, bool) and not isinstance(getattr(solver, name), bool):  # pydantic takes True for 1
            raise InputError(
                f"solver {spec.name}: the parameter {name!r} cannot be {value}: input should be no boolean."
            )
    return solver


def solver_class(name: str) -> type[Solver]:
    """The class of a solver, by its name or by the path of its file.

    Raises
    ------
    UnknownNameError
        If there is no such solver.
    InputError
        If a file holds no solver, or one that breaks the contract.
    """
    from bnnbench.solver.contract import Solver

    module = load_module("solver", name)
    found = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Solver) and value.__module__ == module.__name__
        if not name.startswith("_")
    ]
    if len(found) != 1:
        raise InputError(
            f"{module.__file__} must define exactly one public subclass of bnnbench.Solver, but defines {len(found)}."
        )
    _check_class(module, found[0])
    return found[0]


def check_solver(spec: str) -> str:
    """Return a specification that `load_solver` takes, or raise `InputError`; a validator of parameters."""
    load_solver(spec)
    return spec


@cache
def _check_class(module: ModuleType, adapter: type[Solver]) -> None:
    """Raise `InputError` if a class breaks the contract in a way that shows before it is used."""
    import dataclasses
    import inspect

    what = f"{Path(str(module.__file__)).name}: the class {adapter.__name__}"
    parameters = vars(adapter).get("__dataclass_params__")
    if not (parameters and parameters.frozen and all(f.kw_only for f in dataclasses.fields(adapter))):  # type: ignore[arg-type]
        raise InputError(f"{what} must be decorated with @dataclass(frozen=True, kw_only=True).")
    if missing := sorted(getattr(adapter, "__abstractmethods__", ())):
        raise InputError(f"{what} must define the method {' and the method '.join(missing)}; see bnnbench.Solver.")
    if not (isinstance(adapter.needs, tuple) and all(isinstance(name, str) for name in adapter.needs)):
        raise InputError(f"{what}: needs must be a tuple of names of distributions, but is {adapter.needs!r}.")
    signature = inspect.signature(adapter.sample)
    try:
        signature.bind(None, None, seed=0, budget=None)
    except TypeError:
        raise InputError(
            f"{what}: the method sample must take (self, prepared, *, seed, budget), but takes {signature}."
        ) from None


def load_problem(spec: str | Spec, /, **parameters: Any) -> Problem:
    """Build a problem of a family, ``load_problem("parity", size=3)``, or from ``"parity[size=3]"``.

    Raises
    ------
    UnknownNameError
        If there is no such family or parameter.
    InputError
        If a parameter has a wrong type or value, or a file holds no family.
    """
    from bnnbench.problem.problem import UNNAMED, Problem

    spec = _merge(spec, parameters)
    problem = _call("problem", spec, problem_family(spec.name))
    if not isinstance(problem, Problem):
        raise InputError(f"{spec.name}: the family must return a bnnbench.Problem, but a {type(problem)} came.")
    if problem.name == UNNAMED:
        return replace(problem, name=str(Spec(Path(spec.name).stem, spec.parameters)))
    return problem


def problem_family(name: str) -> Callable[..., Any]:
    """The function that builds the problems of a family, by its name or by the path of its file.

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


_FILE_PREFIX = "bnnbench_file_"


def load_module(kind: Kind, name: str) -> ModuleType:
    """Import the module behind a registered name or behind a path that ends in ``.py``."""
    if name.endswith(".py"):
        return _load_file(kind, Path(name))
    known = entries(kind)
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return importlib.import_module(known[name].module)


def file_hash(name: str) -> str | None:
    """SHA-256 of the file, if `name` is a path; its stand-in for a version."""
    return hashlib.sha256(Path(name).read_bytes()).hexdigest() if name.endswith(".py") else None


def _load_file(kind: Kind, path: Path) -> ModuleType:
    try:
        is_file = path.is_file()
    except OSError as error:
        raise InputError(f"{kind} file {path} cannot be read: {error.strerror}; give another path.") from error
    if not is_file:
        raise InputError(f"{kind} file {path} does not exist; give the path of a Python file, or a registered name.")
    name = f"{_FILE_PREFIX}{path.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path.resolve()):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise InputError(f"{kind} file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what it defines can be pickled
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{kind} file {path} cannot be imported: {type(error).__name__}: {error}.") from error
    return module


def _merge(spec: str | Spec, parameters: dict[str, Any]) -> Spec:
    spec = parse_spec(spec)
    return Spec(spec.name, {**spec.parameters, **parameters})


def _call(kind: Kind, spec: Spec, target: Callable[..., Any]) -> Any:
    """Call with parameters checked against the annotations, by pydantic."""
    import inspect

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
    try:
        return _validator(target)(spec.parameters)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{kind} {spec.name}: the parameter {where!r} cannot be {first['input']!r}: {first['msg'].lower()}."
        ) from error
    except (pydantic.errors.PydanticUserError, pydantic.errors.PydanticUndefinedAnnotation) as error:
        raise InputError(
            f"{kind} {spec.name}: an annotation cannot be checked ({str(error).partition(chr(10))[0]}); "
            "annotate parameters with types such as int, float, str or bool."
        ) from error
    except BnnbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{kind} {spec.name} raised {type(error).__name__}: {error}; bnnbench --debug shows where."
        ) from error


@cache
def _validator(target: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    """What calls `target` with checked parameters; pydantic takes milliseconds to build one."""
    import pydantic

    if isinstance(target, type):
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(target)
        return lambda parameters: adapter.validate_python(dict(parameters))
    checked = pydantic.validate_call(target)
    return lambda parameters: checked(**parameters)
